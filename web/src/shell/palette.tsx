// The command palette: every page, every prompt, a span or trace by its id, and things to do.
import {useQuery} from '@tanstack/react-query';
import {Command} from 'cmdk';
import {Activity, FilePlus, GitFork, KeyRound, MessageSquareText, Plug} from 'lucide-react';
import {Dialog} from 'radix-ui';
import {useState} from 'react';
import {useLocation} from 'wouter';
import {api, call} from '../api/client';
import {useSession} from '../api/session';
import {sections} from './shell';

export default function Palette({onClose}: {onClose: () => void}) {
  const [text, setText] = useState('');
  const [, navigate] = useLocation();
  const {can, project} = useSession();
  const prompts = useQuery({
    queryKey: ['prompts', project.id, 'palette'],
    queryFn: () => call(api.GET('/api/v1/prompts', {params: {query: {limit: 100}}})),
  });
  const go = (path: string) => () => {
    onClose();
    navigate(path);
  };
  const wanted = text.trim();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="palette-box" aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">Search or jump to</Dialog.Title>
          <Command label="Search or jump to" className="palette" loop>
            <Command.Input value={text} onValueChange={setText} placeholder="Search pages, prompts, ids…" className="palette-input" />
            <Command.List className="palette-list">
              <Command.Empty className="palette-empty">Nothing by that name.</Command.Empty>
              {/^sp_[0-9a-f]{16}$/.test(wanted) && (
                <Command.Item value={wanted} onSelect={go(`/spans/${wanted}`)}><Activity size={15} aria-hidden />Open span {wanted}</Command.Item>
              )}
              {wanted.startsWith('tr_') && (
                <Command.Item value={wanted} onSelect={go(`/traces/${encodeURIComponent(wanted)}`)}>
                  <GitFork size={15} aria-hidden />Open trace {wanted}
                </Command.Item>
              )}
              <Command.Group heading="Go to">
                {sections.map(({path, label, icon: Icon}) => (
                  <Command.Item key={path} value={label} onSelect={go(path)}><Icon size={15} aria-hidden />{label}</Command.Item>
                ))}
              </Command.Group>
              {can('editor') && (
                <Command.Group heading="Do">
                  <Command.Item value="New prompt" onSelect={go('/prompts?new')}><FilePlus size={15} aria-hidden />New prompt</Command.Item>
                  {can('admin') && <>
                    <Command.Item value="Create API key" onSelect={go('/settings/keys?new')}><KeyRound size={15} aria-hidden />Create API key</Command.Item>
                    <Command.Item value="Add connection provider" onSelect={go('/settings/providers?new')}><Plug size={15} aria-hidden />Add connection</Command.Item>
                  </>}
                </Command.Group>
              )}
              {prompts.data && prompts.data.prompts.length > 0 && (
                <Command.Group heading="Prompts">
                  {prompts.data.prompts.map((prompt) => (
                    <Command.Item key={prompt.slug} value={`${prompt.name} ${prompt.slug}`} onSelect={go(`/prompts/${prompt.slug}`)}>
                      <MessageSquareText size={15} aria-hidden />{prompt.name}<span className="faint small">{prompt.slug}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {wanted.length > 2 && (
                <Command.Group heading="Search">
                  <Command.Item value={`text ${wanted}`} onSelect={go(`/spans?search=${encodeURIComponent(wanted)}`)}>
                    <Activity size={15} aria-hidden />Spans that contain “{wanted}”
                  </Command.Item>
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
