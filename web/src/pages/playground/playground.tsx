// The playground: up to four versions or models side by side, on the same inputs.
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {useSearch} from 'wouter';
import {useSession} from '../../api/session';
import {Button, ErrorNote, PageHeader, Skeleton} from '../../ui';
import {Bench} from './bench';
import {load, startOf, type Start} from './start';
import './playground.css';

function Loaded({start, onEmpty}: {start: Start; onEmpty: () => void}) {
  const {project} = useSession();
  const query = useQuery({
    queryKey: ['playground', project.id, start],
    queryFn: () => load(start),
    staleTime: Infinity,
    gcTime: 0,
  });
  if (query.data) return <Bench initial={query.data} outcomes={{}} />;
  return (
    <div className="page">
      <PageHeader title="Playground" />
      {query.error ? (
        <>
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
          <div>
            <Button onClick={onEmpty}>Start with an empty column</Button>
          </div>
        </>
      ) : (
        <>
          <Skeleton height={92} />
          <Skeleton height={320} />
        </>
      )}
    </div>
  );
}

function Opened({search}: {search: string}) {
  const {project} = useSession();
  const [start, setStart] = useState(() => startOf(project.id, search));
  if (start.kind === 'stored') return <Bench initial={start.stored} outcomes={start.stored.outcomes} />;
  return <Loaded start={start} onEmpty={() => setStart({kind: 'empty'})} />;
}

export default function PlaygroundPage() {
  const search = useSearch();
  return <Opened key={search} search={search} />;
}
