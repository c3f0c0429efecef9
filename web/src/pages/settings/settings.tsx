// Settings: one section an address, /settings/<section>.
import {
  BookOpen,
  ClipboardCheck,
  EyeOff,
  FolderKanban,
  Gauge,
  History,
  KeyRound,
  Palette,
  Plug,
  Route,
  ScrollText,
  UserRound,
  Users,
  type LucideIcon,
} from 'lucide-react';
import type {ComponentType} from 'react';
import {Link, Redirect} from 'wouter';
import {useSession} from '../../api/session';
import {EmptyState} from '../../ui';
import {Account, Appearance} from './account';
import {Aliases} from './aliases';
import {Audit} from './audit';
import {Connections} from './connections';
import {Evaluators} from './evaluators';
import {Keys} from './keys';
import {Limits} from './limits';
import {Masking} from './masking';
import {Members} from './members';
import {Models} from './models';
import {useAdminOfAll} from './parts';
import {Projects} from './projects';
import {Retention} from './retention';
import './settings.css';

type Need = 'anyone' | 'admin' | 'admin of all';
interface Entry {
  id: string;
  label: string;
  icon: LucideIcon;
  page: ComponentType;
  need: Need;
}

const groups: {label: string; entries: Entry[]}[] = [
  {
    label: 'Project',
    entries: [
      {id: 'keys', label: 'API keys', icon: KeyRound, page: Keys, need: 'admin'},
      {id: 'providers', label: 'Providers', icon: Plug, page: Connections, need: 'admin'},
      {id: 'models', label: 'Models and prices', icon: BookOpen, page: Models, need: 'anyone'},
      {id: 'aliases', label: 'Gateway aliases', icon: Route, page: Aliases, need: 'anyone'},
      {id: 'limits', label: 'Usage and limits', icon: Gauge, page: Limits, need: 'anyone'},
      {id: 'evaluators', label: 'Evaluators', icon: ClipboardCheck, page: Evaluators, need: 'anyone'},
      {id: 'masking', label: 'Masking', icon: EyeOff, page: Masking, need: 'anyone'},
      {id: 'retention', label: 'Retention', icon: History, page: Retention, need: 'anyone'},
    ],
  },
  {
    label: 'Server',
    entries: [
      {id: 'projects', label: 'Projects', icon: FolderKanban, page: Projects, need: 'anyone'},
      {id: 'members', label: 'Members', icon: Users, page: Members, need: 'admin of all'},
      {id: 'audit', label: 'Audit log', icon: ScrollText, page: Audit, need: 'admin of all'},
    ],
  },
  {
    label: 'You',
    entries: [
      {id: 'account', label: 'Account', icon: UserRound, page: Account, need: 'anyone'},
      {id: 'appearance', label: 'Appearance', icon: Palette, page: Appearance, need: 'anyone'},
    ],
  },
];

export default function Settings({section}: {section?: string}) {
  const {can} = useSession();
  const adminOfAll = useAdminOfAll();
  const allowed = (entry: Entry) => entry.need === 'anyone' || (entry.need === 'admin' ? can('admin') : adminOfAll);
  if (!section) return <Redirect to={can('admin') ? '/settings/keys' : '/settings/account'} replace />;
  const current = groups.flatMap((group) => group.entries).find((entry) => entry.id === section);
  const body = () => {
    if (!current) return <EmptyState title="There is no such setting">Choose one from the list.</EmptyState>;
    if (allowed(current)) return <current.page key={current.id} />;
    return (
      <EmptyState title={`${current.label} are for admins`}>
        Ask an owner or admin of this server for what you need.
      </EmptyState>
    );
  };
  return (
    <div className="page settings">
      <nav className="settings-nav" aria-label="Settings">
        {groups.map((group) => {
          const entries = group.entries.filter(allowed);
          return (
            entries.length > 0 && (
              <div key={group.label} className="settings-group">
                <div className="settings-group-name" id={`settings-${group.label}`}>
                  {group.label}
                </div>
                <ul aria-labelledby={`settings-${group.label}`}>
                  {entries.map(({id, label, icon: Icon}) => (
                    <li key={id}>
                      <Link
                        href={`/settings/${id}`}
                        className={`nav-link ${id === section ? 'current' : ''}`}
                        aria-current={id === section ? 'page' : undefined}>
                        <Icon size={15} aria-hidden />
                        {label}
                      </Link>
                    </li>
                  ))}
                </ul>
              </div>
            )
          );
        })}
      </nav>
      <div className="settings-body">{body()}</div>
    </div>
  );
}
