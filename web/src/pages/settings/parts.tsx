// What the sections of the settings are made of.
import {useQueryClient, type QueryKey} from '@tanstack/react-query';
import type {ReactNode} from 'react';
import {useSearchParams} from 'wouter';
import {useSession} from '../../api/session';
import {Button, Dialog, ErrorNote, Note, PageHeader, Skeleton, useFeedback, useSubmit} from '../../ui';

export function Section({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <>
      <PageHeader title={title} name={`${title} · Settings`} actions={actions}>
        {lead}
      </PageHeader>
      {children}
    </>
  );
}

// A dialog with a form in it. Enter sends it; what was typed stays when the server refuses.
export function FormDialog({
  title,
  description,
  save = 'Save',
  wide,
  onClose,
  onSave,
  disabled,
  danger,
  children,
}: {
  title: string;
  description?: ReactNode;
  save?: string;
  danger?: boolean; // what it does cannot be undone
  wide?: boolean;
  onClose: () => void;
  onSave: () => Promise<void>; // throws what the server said
  disabled?: boolean;
  children: ReactNode;
}) {
  const {error, busy, submit} = useSubmit(onSave);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && !busy && onClose()}
      title={title}
      description={description}
      wide={wide}>
      <form className="column" onSubmit={submit}>
        {children}
        {error && <Note tone="bad">{error}</Note>}
        <div className="row form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={danger ? 'danger' : 'primary'} busy={busy} disabled={disabled}>
            {save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

// Loading, failed, or what came.
export function Loaded<T>({
  query,
  height = 200,
  children,
}: {
  query: {data: T | undefined; error: Error | null; refetch: () => unknown};
  height?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton height={height} />;
}

export function Table({label, head, children}: {label: string; head: ReactNode; children: ReactNode}) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
export const EmptyHead = ({children}: {children: string}) => (
  <th scope="col">
    <span className="visually-hidden">{children}</span>
  </th>
);

// Does something that cannot be typed wrong, after a question: revoke, delete, remove.
export function useConfirmed(stale: QueryKey) {
  const {confirm, toast, toastError} = useFeedback();
  const queries = useQueryClient();
  return async (
    question: {title: string; text?: ReactNode; confirm: string},
    act: () => Promise<unknown>,
    done: string,
  ) => {
    if (!(await confirm({...question, danger: true}))) return;
    try {
      await act();
      toast(done);
    } catch (error) {
      toastError(error);
    }
    await queries.invalidateQueries({queryKey: stale});
  };
}

// Whether a dialog for something new is open: "?new", so that other pages can lead right to it.
export function useNewDialog(): [boolean, (open: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  return [
    search.has('new'),
    (open) =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          if (open) next.set('new', '');
          else next.delete('new');
          return next;
        },
        {replace: true},
      ),
  ];
}

// Keys of queries that belong to the open project.
export function useProjectKey(name: string): QueryKey {
  const {project} = useSession();
  return [name, project.id];
}

// People and the server as a whole are for owners, and admins who enter every project.
export function useAdminOfAll(): boolean {
  const {session, can} = useSession();
  return can('admin') && session.member.projectIds.length === 0;
}
