/** A form in a terminal as values: fields, what is typed, and where the cursor is. */

/** One field: a text that is typed, or one of several choices. */
export type Field =
  & {
    readonly name: string;
    readonly label: string;
    /** Why the value cannot be used, or undefined; all are checked before the form is sent. */
    readonly fault?: (value: string) => string | undefined;
    /** Whether the field is there at all, given the others' values; always unless told. */
    readonly shown?: (values: Values) => boolean;
  }
  & (
    | { readonly kind: "text"; readonly value: string }
    | { readonly kind: "choice"; readonly value: string; readonly choices: readonly string[] }
  );

/** The values of a form by the names of its fields. */
export type Values = Readonly<Record<string, string>>;

/** A form with its cursor; `at` beyond the last field is the button that sends it. */
export interface Form {
  readonly title: string;
  readonly fields: readonly Field[];
  readonly at: number;
  /** What is wrong, as the last attempt to send it showed. */
  readonly message: string;
}

/** What a key led to. */
export type Step =
  | { readonly kind: "edit"; readonly form: Form }
  | { readonly kind: "send"; readonly values: Values }
  | { readonly kind: "cancel" };

/** A new form, its cursor on the first field. */
export function makeForm(title: string, fields: readonly Field[]): Form {
  return { title, fields, at: 0, message: "" };
}

/** The values of all fields, shown or not. */
export function valuesOf(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}

/** The fields that are there. */
export function shownFields({ fields }: Pick<Form, "fields">): readonly Field[] {
  const values = valuesOf(fields);
  return fields.filter(({ shown }) => shown?.(values) ?? true);
}

/** Characters of what a terminal sends: escape sequences are one key, all else is typed one by one. */
export function keysOf(text: string): string[] {
  // deno-lint-ignore no-control-regex
  return text.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[^]/gu) ?? [];
}

const PREVIOUS = new Set(["\x1b[A", "\x1bOA", "\x1b[Z"]);
const NEXT = new Set(["\x1b[B", "\x1bOB", "\t"]);
const ENTER = new Set(["\r", "\n"]);
const CANCEL = new Set(["\x03", "\x1b"]);
const LEFT = new Set(["\x1b[D", "\x1bOD"]);
const RIGHT = new Set(["\x1b[C", "\x1bOC", " "]);
const BACKSPACE = new Set(["\x7f", "\b"]);
const CLEAR = "\x15";

/** What a key does to a form. */
export function press(form: Form, key: string): Step {
  if (CANCEL.has(key)) return { kind: "cancel" };
  if (PREVIOUS.has(key)) return move(form, -1);
  if (NEXT.has(key)) return move(form, 1);
  const field = shownFields(form)[form.at];
  if (ENTER.has(key)) return field ? move(form, 1) : send(form);
  if (!field) return { kind: "edit", form };
  const value = typed(field, key);
  return value === field.value ? { kind: "edit", form } : set(form, field, value);
}

function move(form: Form, by: number): Step {
  const stops = shownFields(form).length + 1;
  return { kind: "edit", form: { ...form, at: (form.at + by + stops) % stops } };
}

function set(form: Form, field: Field, value: string): Step {
  const fields = form.fields.map((one) => one === field ? { ...field, value } : one);
  return { kind: "edit", form: { ...form, fields, message: "" } };
}

function typed(field: Field, key: string): string {
  const { value } = field;
  if (field.kind === "choice") {
    const by = LEFT.has(key) ? -1 : RIGHT.has(key) ? 1 : 0;
    const { choices } = field;
    const index = (choices.indexOf(value) + by + choices.length) % choices.length;
    return choices[index] ?? value;
  }
  if (BACKSPACE.has(key)) return [...value].slice(0, -1).join("");
  if (key === CLEAR) return "";
  // deno-lint-ignore no-control-regex
  return /^[^\x00-\x1f\x7f]$/u.test(key) ? value + key : value;
}

function send(form: Form): Step {
  const fields = shownFields(form);
  for (const [at, { label, value, fault }] of fields.entries()) {
    const why = fault?.(value);
    if (why !== undefined) {
      return { kind: "edit", form: { ...form, at, message: `${label}: ${why}` } };
    }
  }
  return { kind: "send", values: valuesOf(form.fields) };
}
