// What the address says, exactly as it was written: wouter decodes a part of it, and then "%2F" and "/" look alike.
import {useCallback, useMemo} from 'react';
import {useLocation, useSearch} from 'wouter';

// The last part of the path, decoded: an id, which may hold anything.
export function usePathId(): string {
  useLocation(); // draws anew when the address changes
  const last = window.location.pathname.replace(/\/$/, '').split('/').pop() ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

export type SetUrlParams = (change: (params: URLSearchParams) => void, options?: {push?: boolean}) => void;

// The parameters behind the "?", and a way to change them. A change replaces the entry of the history unless `push`.
export function useUrlParams(): [URLSearchParams, SetUrlParams] {
  useSearch(); // as above
  const [, navigate] = useLocation();
  const search = window.location.search;
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback<SetUrlParams>((edit, options) => {
    const next = new URLSearchParams(window.location.search);
    edit(next);
    const text = next.toString();
    const to = window.location.pathname + (text ? `?${text}` : '');
    if (to !== window.location.pathname + window.location.search) navigate(`~${to}`, {replace: !options?.push});
  }, [navigate]);
  return [params, change];
}
