// Who is signed in, in which project, and what they may do.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {createContext, useContext, useEffect, useMemo, useState, type ReactNode} from 'react';
import {api, ApiError, call, credentials, onSignedOut, type Schemas} from './client';

export type Session = Schemas['AuthSession'];
export type Role = 'viewer' | 'editor' | 'admin' | 'owner';
const ranks: Role[] = ['viewer', 'editor', 'admin', 'owner'];

export const sessionKey = ['session'] as const;

interface SessionContext {
  session: Session;
  project: Schemas['Project'];
  // Whether the member has this role or a higher one. The server decides; this hides what it would refuse.
  can(least: Role): boolean;
}
const Context = createContext<SessionContext | null>(null);

export function useSession(): SessionContext {
  const value = useContext(Context);
  if (!value) throw new Error('useSession: outside a session');
  return value;
}

export type SessionState =
  | {state: 'loading'}
  | {state: 'signed-in'; session: Session}
  | {state: 'signed-out'; setupRequired: boolean}
  | {state: 'failed'; error: Error; retry: () => void};

export function useSessionState(): SessionState {
  const query = useQuery({
    queryKey: sessionKey,
    queryFn: async (): Promise<Session | {setupRequired: boolean}> => {
      try {
        const session = await call(api.GET('/api/v1/auth/session'));
        credentials.csrfToken = session.csrfToken;
        return session;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          return {setupRequired: error.body['setupRequired'] === true};
        }
        throw error;
      }
    },
    staleTime: Infinity,
    retry: 1,
  });
  if (query.data) {
    if ('member' in query.data) return {state: 'signed-in', session: query.data};
    return {state: 'signed-out', setupRequired: query.data.setupRequired};
  }
  if (query.error) return {state: 'failed', error: query.error, retry: () => void query.refetch()};
  return {state: 'loading'};
}

// Takes over a session that a sign-in, a setup or a change of password answered.
export function useAdoptSession() {
  const queries = useQueryClient();
  return (session: Session) => {
    credentials.csrfToken = session.csrfToken;
    queries.setQueryData(sessionKey, session);
  };
}

// True once the server said that the session ended while a page was open. The page stays, with what was typed.
export function useSessionLost(): [boolean, () => void] {
  const [lost, setLost] = useState(false);
  useEffect(() => onSignedOut(() => setLost(true)), []);
  return [lost, () => setLost(false)];
}

const storedProjectKey = 'tracia.project';
export function rememberedProject(session: Session): Schemas['Project'] | undefined {
  let wanted: string | null = null;
  try {
    wanted = localStorage.getItem(storedProjectKey);
  } catch {
    // Storage may be denied; the first project then.
  }
  return session.projects.find((project) => project.id === wanted) ?? session.projects[0];
}

export function ProjectProvider({session, project, children}: {
  session: Session;
  project: Schemas['Project'];
  children: ReactNode;
}) {
  // Before the children's first request, not after it.
  credentials.projectId = project.id;
  useEffect(() => {
    try {
      localStorage.setItem(storedProjectKey, project.id);
    } catch {
      // As above.
    }
  }, [project.id]);
  const value = useMemo<SessionContext>(() => {
    const rank = ranks.indexOf(session.member.role as Role);
    return {session, project, can: (least) => rank >= ranks.indexOf(least)};
  }, [session, project]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}
