// From an address to a page. Everything of a project is under /p/<project id>/; links inside are relative to that.
import type {ComponentType} from 'react';
import {Redirect, Route, Router, Switch, useLocation} from 'wouter';
import {ProjectProvider, rememberedProject, useSessionState, type Session} from './api/session';
import {Shell} from './shell/shell';
import {Button, EmptyState, ErrorNote, later, Skeleton} from './ui';
import {SetUp, SignIn} from './pages/account/account';
import {Crash} from './shell/crash';
import {guardedNavigate} from './shell/leave';

function Loading() {
  return <div className="page"><Skeleton lines={6} /></div>;
}
const page = <Props extends object>(load: () => Promise<{default: ComponentType<Props>}>) => later(load, Loading);

const AcceptInvitation = later(() => import('./pages/account/invitation'), () => null);
const Home = page(() => import('./pages/home/home'));
const Prompts = page(() => import('./pages/prompts/prompts'));
const Prompt = page(() => import('./pages/prompts/prompt'));
const Playground = page(() => import('./pages/playground/playground'));
const Experiments = page(() => import('./pages/experiments/experiments'));
const Experiment = page(() => import('./pages/experiments/experiment'));
const Spans = page(() => import('./pages/spans/spans'));
const Span = page(() => import('./pages/spans/span'));
const Traces = page(() => import('./pages/traces/traces'));
const Trace = page(() => import('./pages/traces/trace'));
const Sessions = page(() => import('./pages/people/sessions'));
const SessionPage = page(() => import('./pages/people/session'));
const Users = page(() => import('./pages/people/users'));
const User = page(() => import('./pages/people/user'));
const Analytics = page(() => import('./pages/analytics/analytics'));
const Settings = page(() => import('./pages/settings/settings'));

function NotFound() {
  return <EmptyState title="There is nothing here">The address may be mistyped, or what it named was removed.</EmptyState>;
}

// The pages of one project.
function ProjectPages() {
  const [location] = useLocation();
  return (
    <Shell>
      <Crash at={location}>
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
      <Route path="/invite"><AcceptInvitation signedInAs={session.member.name} /></Route>
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
      if (path === '/invite') return <AcceptInvitation />;
      return session.setupRequired ? <SetUp /> : <SignIn />;
    case 'signed-in':
      return <SignedIn session={session.session} />;
  }
}
