// From an address to a page. Everything of a project is under /p/<project id>/; links inside are relative to that.
import {lazy, Suspense} from 'react';
import {Redirect, Route, Router, Switch, useLocation} from 'wouter';
import {ProjectProvider, rememberedProject, useSessionState, type Session} from './api/session';
import {Shell} from './shell/shell';
import {Button, EmptyState, ErrorNote, Skeleton} from './ui';
import {SetUp, SignIn} from './pages/account/account';
import {Crash} from './shell/crash';
import {guardedNavigate} from './shell/leave';

const AcceptInvitation = lazy(() => import('./pages/account/invitation'));
const Home = lazy(() => import('./pages/home/home'));
const Prompts = lazy(() => import('./pages/prompts/prompts'));
const Prompt = lazy(() => import('./pages/prompts/prompt'));
const Playground = lazy(() => import('./pages/playground/playground'));
const Experiments = lazy(() => import('./pages/experiments/experiments'));
const Experiment = lazy(() => import('./pages/experiments/experiment'));
const Spans = lazy(() => import('./pages/spans/spans'));
const Span = lazy(() => import('./pages/spans/span'));
const Traces = lazy(() => import('./pages/traces/traces'));
const Trace = lazy(() => import('./pages/traces/trace'));
const Sessions = lazy(() => import('./pages/people/sessions'));
const SessionPage = lazy(() => import('./pages/people/session'));
const Users = lazy(() => import('./pages/people/users'));
const User = lazy(() => import('./pages/people/user'));
const Analytics = lazy(() => import('./pages/analytics/analytics'));
const Settings = lazy(() => import('./pages/settings/settings'));

function NotFound() {
  return <EmptyState title="There is nothing here">The address may be mistyped, or what it named was removed.</EmptyState>;
}

function Loading() {
  return <div className="page"><Skeleton lines={6} /></div>;
}

// The pages of one project.
function ProjectPages() {
  const [location] = useLocation();
  return (
    <Shell>
      <Crash at={location}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Home} />
            <Route path="/prompts" component={Prompts} />
            <Route path="/prompts/:slug/:tab?">{(params) => <Prompt key={params.slug} slug={params.slug} tab={params.tab} />}</Route>
            <Route path="/playground" component={Playground} />
            <Route path="/experiments" component={Experiments} />
            <Route path="/experiments/:slug/:id">{(params) => <Experiment slug={params.slug} id={params.id} />}</Route>
            <Route path="/spans" component={Spans} />
            <Route path="/spans/:id">{(params) => <Span key={params.id} id={params.id} />}</Route>
            <Route path="/traces" component={Traces} />
            <Route path="/traces/:id">{(params) => <Trace key={params.id} id={params.id} />}</Route>
            <Route path="/sessions" component={Sessions} />
            <Route path="/sessions/:id">{(params) => <SessionPage key={params.id} id={params.id} />}</Route>
            <Route path="/users" component={Users} />
            <Route path="/users/:id">{(params) => <User key={params.id} id={params.id} />}</Route>
            <Route path="/analytics" component={Analytics} />
            <Route path="/settings/:section?">{(params) => <Settings section={params.section} />}</Route>
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Crash>
    </Shell>
  );
}

function SignedIn({session}: {session: Session}) {
  const remembered = rememberedProject(session);
  if (!remembered) return <EmptyState title="You have no project">Ask an admin of this server to give you one.</EmptyState>;
  return (
    <Switch>
      <Route path="/p/:project/*?">
        {(params) => {
          const project = session.projects.find((candidate) => candidate.id === params.project);
          if (!project) return <Redirect to={`/p/${remembered.id}/`} replace />;
          return (
            <Router base={`/p/${project.id}`} aroundNav={guardedNavigate}>
              <ProjectProvider key={project.id} session={session} project={project}>
                <ProjectPages />
              </ProjectProvider>
            </Router>
          );
        }}
      </Route>
      <Route path="/invite"><Suspense fallback={null}><AcceptInvitation signedInAs={session.member.name} /></Suspense></Route>
      {/* An address without a project means the one that was open last. */}
      <Route>{() => <Redirect to={`/p/${remembered.id}${location.pathname}${location.search}`} replace />}</Route>
    </Switch>
  );
}

export function App() {
  const session = useSessionState();
  const [path] = useLocation();
  switch (session.state) {
    case 'loading':
      return null;
    case 'failed':
      return (
        <main className="account">
          <ErrorNote error={session.error} />
          <Button variant="primary" onClick={session.retry}>Try again</Button>
        </main>
      );
    case 'signed-out':
      if (path === '/invite') return <Suspense fallback={null}><AcceptInvitation /></Suspense>;
      return session.setupRequired ? <SetUp /> : <SignIn />;
    case 'signed-in':
      return <SignedIn session={session.session} />;
  }
}
