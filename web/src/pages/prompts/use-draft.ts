// The draft of one prompt, while its page is open: what it began from, whether it differs, and that it is not lost.
import {useCallback, useEffect, useMemo, useRef, useState} from 'react';
import {useSession} from '../../api/session';
import {draftOf, fingerprint, type Draft, type Version} from './draft';
import {dropDraft, keepDraft, keptDrafts, newKeptId, type KeptDraft} from './kept';
import type {Prompt} from './data';

const keepAfterMs = 300;

export interface Editing {
  draft: Draft;
  base: Version; // the version that the draft began from
  newest: Version;
  dirty: boolean;
  stale: boolean; // someone saved a newer version while this draft differs
  offered: KeptDraft[]; // kept from before, not yet taken or thrown away
  change(next: Partial<Draft> | ((draft: Draft) => Draft)): void;
  // Begins anew from a version. What was typed is set aside and offered when `keep`.
  begin(version: Version, draft?: Draft, keep?: boolean): void;
  take(kept: KeptDraft): void;
  discardOffer(kept: KeptDraft): void;
  saved(version: Version, what: Draft): void;
}

export function useDraft(prompt: Prompt): Editing {
  const {project} = useSession();
  const newest = prompt.versions[0]!;
  const [state, setState] = useState(() => ({base: newest, draft: draftOf(newest)}));
  const [offered, setOffered] = useState<KeptDraft[]>(() => {
    const now = fingerprint(draftOf(newest));
    return keptDrafts(project.id, prompt.slug).filter((kept) => fingerprint(kept.draft) !== now);
  });
  const own = useRef(newKeptId());
  const {base, draft} = state;
  const dirty = useMemo(() => fingerprint(draft) !== fingerprint(draftOf(base)), [draft, base]);
  const stale = dirty && newest.version > base.version;

  // Nothing was changed here: follow what others save.
  useEffect(() => {
    if (!dirty && newest.version > base.version) setState({base: newest, draft: draftOf(newest)});
  }, [newest, base, dirty]);

  const keep = useCallback(() => {
    if (dirty) keepDraft(project.id, prompt.slug, {id: own.current, at: new Date().toISOString(),
      baseVersion: base.version, draft});
    else dropDraft(project.id, prompt.slug, own.current);
  }, [project.id, prompt.slug, base, draft, dirty]);
  const latestKeep = useRef(keep);
  latestKeep.current = keep;
  useEffect(() => {
    const timer = setTimeout(keep, keepAfterMs);
    return () => clearTimeout(timer);
  }, [keep]);
  useEffect(() => {
    const now = () => latestKeep.current();
    addEventListener('pagehide', now);
    return () => {
      removeEventListener('pagehide', now);
      now();
    };
  }, []);

  const setAside = (what: {base: Version; draft: Draft}) => {
    const kept = {id: newKeptId(), at: new Date().toISOString(), baseVersion: what.base.version, draft: what.draft};
    keepDraft(project.id, prompt.slug, kept);
    setOffered((list) => [kept, ...list]);
  };
  const discardOffer = (kept: KeptDraft) => {
    dropDraft(project.id, prompt.slug, kept.id);
    setOffered((list) => list.filter((other) => other.id !== kept.id));
  };
  return {
    draft, base, newest, dirty, stale, offered, discardOffer,
    change: (next) => setState((before) => ({
      ...before, draft: typeof next === 'function' ? next(before.draft) : {...before.draft, ...next},
    })),
    begin: (version, next = draftOf(version), keepOld = false) => {
      if (keepOld && dirty) setAside(state);
      setState({base: version, draft: next});
    },
    take: (kept) => {
      if (dirty) setAside(state);
      const from = prompt.versions.find((version) => version.version === kept.baseVersion) ?? newest;
      setState({base: from, draft: kept.draft});
      discardOffer(kept);
    },
    // What was typed while the save was on its way stays, on top of the new version.
    saved: (version, what) => setState((before) => ({
      base: version, draft: fingerprint(before.draft) === fingerprint(what) ? draftOf(version) : before.draft,
    })),
  };
}
