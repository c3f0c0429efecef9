// A component whose code is fetched with its first use. In place of React's lazy(), which shows what was fetched no
// sooner than 300 ms after its fallback; code from our own server is here after a tenth of that.
import {useEffect, useState, type ComponentType} from 'react';

type Load<Props> = () => Promise<{default: ComponentType<Props>}>;

// `Waiting` stands there until then, with the same properties. `fetch()` of what comes back brings the code ahead of
// time. What failed is thrown while drawing, and tried again by the next that is mounted.
export function later<Props extends object>(load: Load<Props>, Waiting: ComponentType<Props>) {
  let ready: ComponentType<Props> | null = null;
  const fetch = async () => (ready = (await load()).default);
  function Later(props: Props) {
    const [Body, setBody] = useState(() => ready);
    const [failure, setFailure] = useState<{cause: unknown} | null>(null);
    useEffect(() => {
      if (Body) return;
      let mounted = true;
      fetch().then(
        (body) => mounted && setBody(() => body),
        (cause: unknown) => mounted && setFailure({cause}),
      );
      return () => {
        mounted = false;
      };
    }, [Body]);
    if (failure) throw failure.cause;
    return Body ? <Body {...props} /> : <Waiting {...props} />;
  }
  return Object.assign(Later, {fetch});
}
