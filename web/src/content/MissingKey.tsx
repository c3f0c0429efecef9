// Beside an error of a run: what to do when the server has no key for the model's provider.
import {Link} from 'wouter';
import {useSession} from '../api/session';

export function MissingKey({code}: {code: string | null}) {
  const {can} = useSession();
  if (code !== 'MISSING_PROVIDER_KEY') return null;
  if (!can('admin')) return <p>An admin can give the server a key, under Settings, Providers.</p>;
  return (
    <p>
      <Link href="/settings/providers?new">Add a connection</Link> to give the server a key.
    </p>
  );
}
