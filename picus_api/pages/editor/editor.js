// The editor of JSON text, by CodeMirror 6. `make editor` bundles it as static/picus_api/editor.js.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const setError = StateEffect.define();
const ERROR = Decoration.mark({ class: "json-error" });

// The character at which the text stops to be JSON.
const errorField = StateField.define({
  create: () => Decoration.none,
  update(marks, { changes, effects, newDoc }) {
    const effect = effects.find((each) => each.is(setError));
    if (!effect) return marks.map(changes);
    const from = Math.min(effect.value ?? newDoc.length, newDoc.length - 1);
    return effect.value === null || from < 0 ? Decoration.none : Decoration.set([ERROR.range(from, from + 1)]);
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Creates an editor in `parent`. "label" is the id of its label. The text stays text: numbers keep all digits.
export function createEditor({ parent, text, label, hint, onChange, onSubmit }) {
  const submit = { key: "Mod-Enter", run: () => (onSubmit(), true) };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        json(),
        bracketMatching(),
        indentOnInput(),
        highlightSpecialChars(),
        syntaxHighlighting(classHighlighter),
        errorField,
        placeholder(hint),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-labelledby": label, autocapitalize: "off", spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
        // Tab leaves the editor, so that it is no trap for the keyboard (WCAG 2.1.2).
        keymap.of([submit, ...defaultKeymap, ...historyKeymap]),
      ],
    }),
  });
  return {
    content: view.contentDOM,
    focus: () => view.focus(),
    setText: (insert) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } }),
    markError: (position) => view.dispatch({ effects: setError.of(position) }),
    select(anchor, head = anchor) {
      view.dispatch({ selection: { anchor, head }, scrollIntoView: true });
      view.focus();
    },
  };
}
