// CodeMirror, for texts with {{variables}} and for JSON. Loaded when the first of them is shown. Tab moves on to the
// next control, as everywhere on the page.
import {closeBrackets, closeBracketsKeymap, completionKeymap} from '@codemirror/autocomplete';
import {defaultKeymap, history, historyKeymap} from '@codemirror/commands';
import {Compartment, EditorState, type Extension} from '@codemirror/state';
import {EditorView, keymap, placeholder as placeholderText} from '@codemirror/view';
import {useEffect, useRef} from 'react';
import {jsonExtensions} from './json-extensions';
import {promptExtensions} from './prompt-extensions';
import './editor.css';

export interface CodeEditorProps {
  kind: 'prompt' | 'json';
  value: string;
  onChange: (value: string) => void;
  label: string;
  readOnly?: boolean;
  variables?: string[];
  placeholder?: string;
  describedBy?: string;
  invalid?: boolean;
  autoFocus?: boolean;
}

const pageKeys = new Set(['Mod-Enter', 'Shift-Alt-ArrowUp', 'Shift-Alt-ArrowDown']);

const nonce = () => document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

function access({label, readOnly, describedBy, invalid, placeholder}: CodeEditorProps): Extension {
  const attributes: Record<string, string> = {'aria-label': label, spellcheck: 'false'};
  if (readOnly) attributes['aria-readonly'] = 'true';
  if (describedBy) attributes['aria-describedby'] = describedBy;
  if (invalid) attributes['aria-invalid'] = 'true';
  return [
    EditorState.readOnly.of(Boolean(readOnly)),
    EditorView.contentAttributes.of(attributes),
    placeholder ? placeholderText(placeholder) : [],
  ];
}

export default function CodeEditor(props: CodeEditorProps) {
  const {kind, value, label, readOnly, describedBy, invalid, placeholder} = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changing = useRef(new Compartment());
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const editor = new EditorView({
      parent: box.current!,
      doc: latest.current.value,
      extensions: [
        nonce() ? EditorView.cspNonce.of(nonce()!) : [],
        history(),
        closeBrackets(),
        EditorView.lineWrapping,
        kind === 'json' ? jsonExtensions() : promptExtensions(() => latest.current.variables ?? []),
        // The page has keys of its own: Ctrl+Enter runs, Alt+Shift+Up and Down move a message.
        keymap.of([
          ...closeBracketsKeymap, ...completionKeymap,
          ...defaultKeymap.filter((binding) => !pageKeys.has(binding.key ?? '')), ...historyKeymap,
        ]),
        changing.current.of(access(latest.current)),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          const text = update.state.doc.toString();
          if (text !== latest.current.value) latest.current.onChange(text);
        }),
      ],
    });
    view.current = editor;
    if (latest.current.autoFocus) editor.focus();
    return () => editor.destroy();
  }, [kind]);

  useEffect(() => {
    view.current?.dispatch({effects: changing.current.reconfigure(access(latest.current))});
  }, [label, readOnly, describedBy, invalid, placeholder]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({changes: {from: 0, to: editor.state.doc.length, insert: value}});
  }, [value]);

  return <div ref={box} className={`code-editor ${kind}`} data-invalid={invalid || undefined} />;
}
