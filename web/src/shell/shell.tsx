// The frame around each page: navigation, project, account, command palette, and what is said when the server is away.
import {Activity, ChartLine, FlaskConical, GitFork, Home, LogOut, Menu as MenuIcon, MessageSquareText, MessagesSquare,
  Moon, Monitor, Play, Search, Settings, Sun, Users, ChevronsUpDown, UserRound} from 'lucide-react';
import {useEffect, useState, useSyncExternalStore, type ReactNode} from 'react';
import {Link, useLocation, useRoute} from 'wouter';
import {api, call, fetchServer, isReachable, onReachable} from '../api/client';
import {useSession, useSessionLost} from '../api/session';
import {Button, IconButton, Kbd, later, Menu, useFeedback} from '../ui';
import {SignInAgain} from '../pages/account/account';
import {useQueryClient} from '@tanstack/react-query';
import {applyTheme, storedTheme, type Theme} from './theme';

// Fetched once the first page stands, so that it opens at once, and also while the server is away.
const Palette = later(() => import('./palette'), () => null);

export const sections = [
  {path: '/', label: 'Home', icon: Home},
  {path: '/prompts', label: 'Prompts', icon: MessageSquareText},
  {path: '/playground', label: 'Playground', icon: Play},
  {path: '/experiments', label: 'Experiments', icon: FlaskConical},
  {path: '/spans', label: 'Spans', icon: Activity},
  {path: '/traces', label: 'Traces', icon: GitFork},
  {path: '/sessions', label: 'Sessions', icon: MessagesSquare},
  {path: '/users', label: 'End users', icon: Users},
  {path: '/analytics', label: 'Analytics', icon: ChartLine},
  {path: '/settings', label: 'Settings', icon: Settings},
] as const;

function NavLink({path, label, icon: Icon}: (typeof sections)[number]) {
  const [exact] = useRoute(path);
  const [within] = useRoute(`${path}/*`);
  const current = exact || (path !== '/' && within);
  return (
    <Link href={path} className={`nav-link ${current ? 'current' : ''}`} aria-current={current ? 'page' : undefined}>
      <Icon size={16} aria-hidden />{label}
    </Link>
  );
}

function ProjectSwitch() {
  const {session, project} = useSession();
  const [, navigate] = useLocation();
  return (
    <Menu align="start" label="Projects"
      trigger={
        <button type="button" className="project-switch">
          <span className="project-mark" aria-hidden>{project.name.slice(0, 1).toUpperCase()}</span>
          <span className="grow truncate">{project.name}</span>
          <ChevronsUpDown size={14} aria-label="Switch project" />
        </button>
      }
      items={[
        ...session.projects.map((candidate) => ({
          label: candidate.name,
          checked: candidate.id === project.id,
          onSelect: () => navigate(`~/p/${candidate.id}/`),
        })),
        'separator',
        {label: 'Manage projects…', onSelect: () => navigate('/settings/projects')},
      ]} />
  );
}

const themes: {value: Theme; label: string; icon: ReactNode}[] = [
  {value: 'system', label: 'As the system', icon: <Monitor size={14} aria-hidden />},
  {value: 'light', label: 'Light', icon: <Sun size={14} aria-hidden />},
  {value: 'dark', label: 'Dark', icon: <Moon size={14} aria-hidden />},
];

function AccountMenu() {
  const {session} = useSession();
  const [theme, setTheme] = useState(storedTheme());
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const {toastError} = useFeedback();
  const signOut = async () => {
    try {
      await call(api.POST('/api/v1/auth/logout'));
      queries.clear();
      location.assign('/');
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Menu align="start" label={session.member.email}
      trigger={
        <button type="button" className="account-button">
          <UserRound size={16} aria-hidden /><span className="grow truncate">{session.member.name}</span>
        </button>
      }
      items={[
        {label: 'Your account', icon: <UserRound size={14} aria-hidden />, onSelect: () => navigate('/settings/account')},
        'separator',
        ...themes.map((choice) => ({
          label: choice.label, icon: choice.icon, checked: choice.value === theme,
          onSelect: () => { applyTheme(choice.value); setTheme(choice.value); },
        })),
        'separator',
        {label: 'Sign out', icon: <LogOut size={14} aria-hidden />, onSelect: signOut},
      ]} />
  );
}

// Says so while the server does not answer, and asks it every few seconds.
function Reachability() {
  const reachable = useSyncExternalStore(onReachable, isReachable);
  const queries = useQueryClient();
  useEffect(() => {
    if (reachable) return;
    const timer = setInterval(() => {
      fetchServer('/healthz', {cache: 'no-store'}).then(async (response) => {
        if (response.ok) await queries.refetchQueries({type: 'active'});
      }, () => {});
    }, 3000);
    return () => clearInterval(timer);
  }, [reachable, queries]);
  if (reachable) return null;
  return <div className="offline" role="status">The server does not answer. What you typed is still here; trying again…</div>;
}

export const isApple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

export function Shell({children}: {children: ReactNode}) {
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [navOpen, setNavOpen] = useState(false);
  const [lost, found] = useSessionLost();
  const [location] = useLocation();
  useEffect(() => setNavOpen(false), [location]);
  useEffect(() => {
    const timer = setTimeout(() => Palette.fetch().catch(() => {}), 1500);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPaletteOpen((open) => !open);
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return (
    <div className="shell">
      <a className="skip" href="#main">Skip to content</a>
      <aside className={`sidebar ${navOpen ? 'open' : ''}`}>
        <div className="sidebar-top">
          <ProjectSwitch />
          <IconButton className="nav-toggle" label={navOpen ? 'Close navigation' : 'Open navigation'}
            aria-expanded={navOpen} onClick={() => setNavOpen(!navOpen)}><MenuIcon size={16} aria-hidden /></IconButton>
        </div>
        <div className="sidebar-rest">
          <Button className="search-button" icon={<Search size={14} aria-hidden />} onClick={() => setPaletteOpen(true)}>
            <span className="row between"><span>Search…</span><Kbd>{isApple ? '⌘K' : 'Ctrl K'}</Kbd></span>
          </Button>
          <nav aria-label="Main">{sections.map((section) => <NavLink key={section.path} {...section} />)}</nav>
          <div className="grow" />
          <AccountMenu />
        </div>
      </aside>
      <main id="main" tabIndex={-1}>
        <Reachability />
        {children}
      </main>
      {paletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
      {lost && <SignInAgain onDone={found} />}
    </div>
  );
}
