// What was spent in this day and month, and what may be.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Card, formatDateTime, formatMoney, formatNumber, Stat, Stats, useFeedback} from '../../ui';
import {capFromFields, CapFields, toCapFields, UsageBar} from './caps';
import {EditKey} from './keys';
import {EmptyHead, FormDialog, Loaded, Section, Table, useProjectKey} from './parts';

type Usage = Schemas['SpendUsage'];
type Spending = Schemas['Spending'];

const spentOf = ({spendCap, day, month}: Spending) => (spendCap?.period === 'day' ? day : month).spentUsd;

function ProjectCap({cap, onClose}: {cap: Schemas['SpendCap'] | null; onClose: () => void}) {
  const {project} = useSession();
  const [fields, setFields] = useState(toCapFields(cap));
  const queries = useQueryClient();
  const stale = useProjectKey('usage');
  const {toast} = useFeedback();
  const save = async () => {
    await call(
      api.PUT('/api/v1/projects/{projectId}/limits', {
        params: {path: {projectId: project.id}},
        body: {spendCap: capFromFields(fields)},
      }),
    );
    onClose();
    toast('Saved. It holds from the next request on.');
    await queries.invalidateQueries({queryKey: stale});
  };
  return (
    <FormDialog
      title="Spend cap of the project"
      onClose={onClose}
      onSave={save}
      description="For all keys and members together. Once it is reached, calls to models are refused until the next
        day or month. Spans that applications send count, and are never refused.">
      <CapFields value={fields} onChange={setFields} hint="Empty: no cap." />
    </FormDialog>
  );
}

function ProjectSpending({usage, onEdit}: {usage: Usage['project']; onEdit?: () => void}) {
  return (
    <Card
      title="This project"
      actions={
        onEdit && (
          <Button size="small" onClick={onEdit}>
            {usage.spendCap ? 'Change the cap' : 'Set a cap'}
          </Button>
        )
      }>
      <div className="column">
        <Stats>
          <Stat
            label="Today"
            value={formatMoney(usage.day.spentUsd)}
            detail={`until ${formatDateTime(usage.day.resetsAt)}`}
          />
          <Stat
            label="This month"
            value={formatMoney(usage.month.spentUsd)}
            detail={`until ${formatDateTime(usage.month.resetsAt)}`}
          />
          <Stat label="Calls under way" value={formatMoney(usage.reservedUsd)} detail="may cost at most" />
        </Stats>
        {usage.spendCap ? (
          <UsageBar label="Project’s spend cap" spent={spentOf(usage)} cap={usage.spendCap} />
        ) : (
          <p className="soft">There is no cap: calls to models are never refused for their cost.</p>
        )}
      </div>
    </Card>
  );
}

export function Limits() {
  const {can} = useSession();
  const usage = useQuery({
    queryKey: useProjectKey('usage'),
    queryFn: () => call(api.GET('/api/v1/usage')),
    refetchInterval: 30_000,
  });
  const [editing, setEditing] = useState<'project' | Usage['apiKeys'][number] | null>(null);
  return (
    <Section
      title="Usage and limits"
      lead="What models cost in this day and month (UTC), and where calls to them stop.">
      <Loaded query={usage} height={320}>
        {({project, apiKeys}) => (
          <>
            <ProjectSpending usage={project} onEdit={can('admin') ? () => setEditing('project') : undefined} />
            {apiKeys.length > 0 && (
              <Table
                label="API keys"
                head={
                  <>
                    <th scope="col">API key</th>
                    <th scope="col" className="number">
                      Today
                    </th>
                    <th scope="col" className="number">
                      This month
                    </th>
                    <th scope="col">Spend cap</th>
                    <th scope="col" className="number">
                      Requests a minute
                    </th>
                    {can('admin') && <EmptyHead>Actions</EmptyHead>}
                  </>
                }>
                {apiKeys.map((key) => (
                  <tr key={key.id}>
                    <td className="cell-name truncate">{key.name}</td>
                    <td className="number">{formatMoney(key.day.spentUsd)}</td>
                    <td className="number">{formatMoney(key.month.spentUsd)}</td>
                    <td>
                      {key.spendCap ? (
                        <UsageBar label={`Spend cap of ${key.name}`} spent={spentOf(key)} cap={key.spendCap} />
                      ) : (
                        <span className="soft">none</span>
                      )}
                    </td>
                    <td className="number">
                      {key.requestsPerMinute === null ? (
                        <span className="soft">no limit</span>
                      ) : (
                        formatNumber(key.requestsPerMinute)
                      )}
                    </td>
                    {can('admin') && (
                      <td className="cell-actions">
                        <Button size="small" onClick={() => setEditing(key)} aria-label={`Edit ${key.name}`}>
                          Edit
                        </Button>
                      </td>
                    )}
                  </tr>
                ))}
              </Table>
            )}
            {editing === 'project' && <ProjectCap cap={project.spendCap} onClose={() => setEditing(null)} />}
            {editing && editing !== 'project' && <EditKey apiKey={editing} onClose={() => setEditing(null)} />}
          </>
        )}
      </Loaded>
    </Section>
  );
}
