// A small chart of 24 hours, without axes: the figure beside it says the rest.
const width = 240;
const height = 44;

export function Bars({
  values,
  marked,
  label,
}: {
  values: readonly number[];
  marked?: readonly number[]; // a part of each, in the colour of errors
  label: string;
}) {
  const top = Math.max(...values, 0);
  const step = width / Math.max(1, values.length);
  const tall = (value: number) => (top > 0 && value > 0 ? Math.max(1.5, (value / top) * (height - 2)) : 0);
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <line className="spark-base" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      {values.map((value, i) => (
        <rect
          key={i}
          className="spark-bar"
          x={i * step + 1}
          width={step - 2}
          y={height - tall(value)}
          height={tall(value)}
        />
      ))}
      {marked?.map((value, i) => (
        <rect
          key={i}
          className="spark-bad"
          x={i * step + 1}
          width={step - 2}
          y={height - tall(value)}
          height={tall(value)}
        />
      ))}
    </svg>
  );
}

// Broken where there is no value; a single one is a dot.
export function Line({values, label}: {values: readonly (number | null)[]; label: string}) {
  const known = values.filter((value) => value !== null);
  const top = Math.max(...known, 0) * 1.1;
  const x = (i: number) => ((i + 0.5) / values.length) * width;
  const y = (value: number) => (top > 0 ? height - 2 - (value / top) * (height - 5) : height);
  let path = '';
  values.forEach((value, i) => {
    if (value === null) return;
    const joined = i > 0 && values[i - 1] !== null;
    path += `${joined ? 'L' : 'M'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!joined) path += 'h0.01';
  });
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <line className="spark-base" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      <path className="spark-line" d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
