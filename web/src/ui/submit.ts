import {useState, type FormEvent} from 'react';
import {messageOf} from '../api/client';

// What a form needs around the request it sends. What was typed stays when the server refuses; `error` says why.
export function useSubmit(send: () => Promise<void>) {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send();
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return {error, busy, submit, clear: () => setError(null)};
}

// Ctrl+S, or Command+S on a Mac.
export const isSavePress = (event: {ctrlKey: boolean; metaKey: boolean; altKey: boolean; key: string}) =>
  (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 's';
