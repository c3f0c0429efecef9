// Someone else saved first: their version beside this draft, to keep either or put both together. Nothing typed is
// lost.
import {useMemo, useState} from 'react';
import {Button, Dialog, Note, formatDateTime} from '../../ui';
import {draftOf, type Draft, type Version} from './draft';
import {compare, merge, proposal, type Choice} from './parts';
import {SideBySide} from './side-by-side';

export function Conflict({base, theirs, mine, busy, onClose, onKeepMine, onTakeTheirs, onMerge}: {
  base: Version;
  theirs: Version;
  mine: Draft;
  busy: boolean;
  onClose: () => void;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
  onMerge: (merged: Draft) => void;
}) {
  const their = useMemo(() => draftOf(theirs), [theirs]);
  const proposed = useMemo(() => proposal(draftOf(base), their, mine), [base, their, mine]);
  const [changed, setChanged] = useState<Record<string, Choice>>({});
  const choices = {...proposed.choices, ...changed};
  const pairs = compare(their, mine);
  const who = theirs.author ?? 'Someone';
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} wide
      title={`Version ${theirs.version} was saved meanwhile`}
      description={`${who} saved it on ${formatDateTime(theirs.createdAt)}, while you were editing version ${base.version}. ` +
        'Your text is safe. Choose for each part which one to keep, or take one side as a whole.'}
      actions={<>
        <Button variant="ghost" onClick={onClose}>Back to editing</Button>
        <span className="grow" />
        <Button onClick={onTakeTheirs} title="Yours is set aside, and offered above the editor">Take theirs</Button>
        <Button onClick={onKeepMine} busy={busy} title="Saves your whole text as the newest version">Keep mine</Button>
        <Button variant="primary" onClick={() => onMerge(merge(their, mine, choices))}>Merge and go on editing</Button>
      </>}>
      {theirs.note && <Note>{who} wrote: “{theirs.note}”</Note>}
      <SideBySide pairs={pairs} left={`Theirs (version ${theirs.version})`} right="Yours"
        aside={(pair) => !pair.same && (
        <fieldset className="choice">
          <legend className="visually-hidden">Keep for {pair.title}</legend>
          {proposed.both.has(pair.key) && <span className="choice-both">changed by both</span>}
          {(['theirs', 'mine'] as const).map((side) => (
            <label key={side}>
              <input type="radio" name={`keep-${pair.key}`} checked={choices[pair.key] === side}
                onChange={() => setChanged({...changed, [pair.key]: side})} />
              {side === 'theirs' ? 'Theirs' : 'Yours'}
            </label>
          ))}
        </fieldset>
      )} />
    </Dialog>
  );
}
