// Asks before a page with unsaved work is left, by a link, the command palette, or closing the window.
import {useLayoutEffect, useRef} from 'react';
import type {AroundNavHandler} from 'wouter';
import {useFeedback} from '../ui';

let guard: ((to: string) => Promise<boolean>) | null = null;

export const guardedNavigate: AroundNavHandler = (navigate, to, options) => {
  if (!guard) return navigate(to, options);
  void guard(to).then((leave) => leave && navigate(to, options));
};

// While `active`: `stays(path)` says which addresses are no leaving. `text` says what becomes of the work.
export function useLeaveGuard(active: boolean, stays: (path: string) => boolean, text: string) {
  const {confirm} = useFeedback();
  const latest = useRef({stays, text, confirm});
  latest.current = {stays, text, confirm};
  // In the layout phase: a redirect that this page itself draws finds the guard gone.
  useLayoutEffect(() => {
    if (!active) return;
    const own = async (to: string) => {
      if (latest.current.stays(new URL(to, location.href).pathname)) return true;
      return latest.current.confirm({title: 'Leave with unsaved changes?', text: latest.current.text, confirm: 'Leave'});
    };
    const unload = (event: BeforeUnloadEvent) => event.preventDefault();
    guard = own;
    addEventListener('beforeunload', unload);
    return () => {
      if (guard === own) guard = null;
      removeEventListener('beforeunload', unload);
    };
  }, [active]);
}
