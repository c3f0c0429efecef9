// The shares of an experiment's variants, as a bar.
import {shares, type Experiment} from './words';

export function SplitBar({
  variants,
  height = 8,
}: {
  variants: readonly Pick<Experiment['variants'][number], 'key' | 'weight'>[];
  height?: number;
}) {
  const parts = shares(variants.map((variant) => variant.weight));
  const words = variants.map((variant, i) => `${variant.key} ${parts[i]} %`).join(', ');
  let x = 0;
  return (
    <svg
      className="split-bar"
      viewBox={`0 0 100 ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words}
      height={height}>
      <title>{words}</title>
      {parts.map((part, i) => {
        const left = x;
        x += part;
        return (
          <rect
            key={i}
            className={`series-${(i % 8) + 1}`}
            x={left}
            y={0}
            width={Math.max(0, part - 0.6)}
            height={height}
          />
        );
      })}
    </svg>
  );
}

export const Mark = ({index}: {index: number}) => (
  <svg className="variant-mark" viewBox="0 0 10 10" aria-hidden>
    <rect className={`series-${(index % 8) + 1}`} width="10" height="10" rx="3" />
  </svg>
);
