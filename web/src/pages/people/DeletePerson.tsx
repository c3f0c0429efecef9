// Forgets an end user: everything that names them is deleted, in as many requests as it takes.
import {useQueryClient} from '@tanstack/react-query';
import {UserX} from 'lucide-react';
import {useEffect, useRef, useState} from 'react';
import {api, call, messageOf} from '../../api/client';
import {Button, formatNumber, plural, useFeedback} from '../../ui';

export function DeletePerson({userId}: {userId: string}) {
  const {confirm, toast, toastError} = useFeedback();
  const queries = useQueryClient();
  const [deleted, setDeleted] = useState<number | null>(null); // while it goes on
  const open = useRef(true);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  const forget = async () => {
    const yes = await confirm({
      title: 'Delete this person’s data?',
      danger: true,
      confirm: 'Delete everything',
      text: 'Every span that names them is removed for good, with its content and its evaluations. Totals shrink accordingly.',
    });
    if (!yes) return;
    let sum = 0;
    try {
      setDeleted(0);
      for (let complete = false; !complete && open.current;) {
        const answer = await call(api.DELETE('/api/v1/users/{userId}/spans', {params: {path: {userId}}}));
        sum += answer.deleted;
        complete = answer.complete;
        setDeleted(sum);
        if (complete) toast(`${plural(sum, 'span')} of this person deleted.`);
      }
    } catch (error) {
      toastError(
        sum > 0 ? new Error(`${plural(sum, 'span')} deleted, then: ${messageOf(error)} Press again to go on.`) : error,
      );
    }
    setDeleted(null);
    await Promise.all(
      ['spans', 'span', 'traces', 'trace', 'sessions', 'users', 'totals'].map((key) =>
        queries.resetQueries({queryKey: [key]}),
      ),
    );
  };
  return (
    <Button icon={<UserX size={14} aria-hidden />} busy={deleted !== null} onClick={() => void forget()}>
      {deleted === null ? 'Delete data…' : `Deleted ${formatNumber(deleted)}…`}
    </Button>
  );
}
