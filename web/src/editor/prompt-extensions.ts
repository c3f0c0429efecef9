// {{variables}}: coloured, and completed after "{{".
import {autocompletion, type CompletionContext, type CompletionResult} from '@codemirror/autocomplete';
import type {Extension} from '@codemirror/state';
import {Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate} from '@codemirror/view';
import {placeholders, variablesOf} from './variables';

const mark = Decoration.mark({class: 'cm-variable'});

function decorate(view: EditorView): DecorationSet {
  const ranges = [];
  for (const {from, to} of view.visibleRanges) {
    // Whole lines, because an escape may stand before the visible part.
    const begin = view.state.doc.lineAt(from).from;
    for (const found of placeholders(view.state.sliceDoc(begin, to))) {
      ranges.push(mark.range(begin + found.from, begin + found.to));
    }
  }
  return Decoration.set(ranges, true);
}

const highlight = ViewPlugin.fromClass(class {
  decorations: DecorationSet;
  constructor(view: EditorView) {
    this.decorations = decorate(view);
  }
  update(update: ViewUpdate) {
    if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
  }
}, {decorations: (plugin) => plugin.decorations});

function complete(names: () => string[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const before = context.matchBefore(/\{\{[ \t]*[\w\u0080-\uffff]*/);
    if (!before || (context.pos > 1 && context.state.sliceDoc(before.from - 1, before.from) === '\\')) return null;
    const typed = /[\w\u0080-\uffff]*$/.exec(before.text)![0];
    const known = new Set([...names(), ...variablesOf([context.state.doc.toString()])]);
    // The name that is being typed is not yet one to choose.
    known.delete(typed + /^[\w\u0080-\uffff]*/.exec(context.state.sliceDoc(context.pos, context.pos + 100))![0]);
    return {
      from: context.pos - typed.length,
      validFor: /^[\w\u0080-\uffff]*$/,
      options: [...known].map((name) => ({
        label: name,
        type: 'variable',
        apply: (view: EditorView, _: unknown, from: number, to: number) => {
          // The closing braces are there already when the editor closed them by itself.
          const rest = /^[ \t]*\}\}/.exec(view.state.sliceDoc(to, to + 12))?.[0] ?? '';
          const end = to + rest.length;
          view.dispatch({
            changes: {from, to: end, insert: `${name}}}`},
            selection: {anchor: from + name.length + 2},
            userEvent: 'input.complete',
          });
        },
      })),
    };
  };
}

export function promptExtensions(names: () => string[]): Extension {
  return [highlight, autocompletion({override: [complete(names)], icons: false, interactionDelay: 0})];
}
