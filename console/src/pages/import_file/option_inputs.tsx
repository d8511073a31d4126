import { Field } from "../../parts/field";
import { texts } from "../../texts";
import type { Options } from "./start_import";

const DUPLICATES = ["merge", "replace", "skip"] as const;
const PHONE_NUMBERS: [value: Options["phoneNumbers"], text: string][] = [
  ["", texts.importFile.numbersAuto],
  ["national", texts.importFile.numbersNational],
  ["international", texts.importFile.numbersInternational],
];

interface Properties {
  options: Options;
  onChange: (options: Options) => void;
}

/** What happens to contacts that are there already. */
export function DuplicateChoice({ options, onChange }: Properties) {
  return (
    <fieldset>
      <legend>{texts.importFile.duplicates}</legend>
      {DUPLICATES.map((duplicates) => (
        <label key={duplicates}>
          <input type="radio" name="duplicates" checked={options.duplicates === duplicates} onChange={() => onChange({ ...options, duplicates })} />
          {texts.importFile[duplicates]}
        </label>
      ))}
      <small>{texts.importFile.duplicatesHint}</small>
    </fieldset>
  );
}

/** How the file is read, where the API cannot know. */
export function ReadingChoice({ options, onChange, isOpen }: Properties & { isOpen: boolean }) {
  return (
    <details open={isOpen}>
      <summary>{texts.importFile.more}</summary>
      <Field label={texts.importFile.numbers}>
        {(slots) => (
          <select {...slots} onChange={(event) => onChange({ ...options, phoneNumbers: event.currentTarget.value as Options["phoneNumbers"] })}>
            {PHONE_NUMBERS.map(([value, text]) => <option key={value} value={value} selected={value === options.phoneNumbers}>{text}</option>)}
          </select>
        )}
      </Field>
      <Field label={texts.importFile.encoding} hint={texts.importFile.encodingHint}>
        {(slots) => (
          // The headings depend on the encoding, so what was chosen for them no longer holds.
          <select {...slots} onChange={(event) => onChange({ ...options, encoding: event.currentTarget.value, columns: null })}>
            {encodings().map(([value, text]) => <option key={value} value={value} selected={value === options.encoding}>{text}</option>)}
          </select>
        )}
      </Field>
    </details>
  );
}

function encodings(): [string, string][] {
  return [["", texts.importFile.encodingAuto], ...Object.entries(texts.importFile.encodings)];
}
