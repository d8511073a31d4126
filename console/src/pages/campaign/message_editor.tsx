import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { useFields } from "../../api/queries";
import { formatNumber } from "../../format";
import { Field } from "../../parts/field";
import { fieldLabel } from "../../parts/field_label";
import { texts } from "../../texts";
import type { Change, Draft } from "./draft";
import { analyse, MAX_TEMPLATE, mergeField, type TextAnalysis } from "./merge_fields";
import { charactersText, countSegments, MAX_SEGMENTS } from "../../segments";

const words = texts.campaign.text;
const FIRST_FIELDS = ["name", "firstName", "lastName"];

interface EditorProperties {
  draft: Draft;
  account: Schemas["ChannelAccount"] | undefined;
  /** A contact for whom the text is counted. */
  example: Schemas["Contact"] | undefined;
  error: string | undefined;
  onChange: Change;
}

/** Writes the text, with buttons for merge fields, and says what it costs and what is wrong with it. */
export function MessageEditor({ draft, account, example, error, onChange }: EditorProperties) {
  const fields = useFields().data;
  const area = useRef<HTMLTextAreaElement>(null);
  const analysis = useMemo(() => analyse(draft.message, fields, example), [draft.message, fields, example]);

  // Takes the cursor to the place that the API names. The form takes the focus to the text.
  useEffect(() => {
    const place = error && placeIn(draft.message, error);
    if (typeof place === "number") area.current?.setSelectionRange(place, place);
  }, [error]);

  function insert(name: string): void {
    const input = area.current!;
    input.setRangeText(`{{ ${mergeField(name)} }}`, input.selectionStart, input.selectionEnd, "end");
    input.focus();
    onChange({ message: input.value });
  }
  return (
    <>
      <Field label={words.label} hint={words.segmentHint} error={error ?? problemText(analysis, draft, account)}>
        {(slots) => (
          <textarea
            {...slots}
            ref={area}
            rows={5}
            maxLength={2 * MAX_TEMPLATE}
            value={draft.message}
            onInput={(event) => onChange({ message: event.currentTarget.value })}
          />
        )}
      </Field>
      <TextCount draft={draft} analysis={analysis} account={account} example={example} />
      <MergeFieldButtons names={(fields ?? []).map((field) => field.name)} onInsert={insert} />
      {analysis.hasFields && <p><small>{words.fallback}</small></p>}
    </>
  );
}

/** The position in a text of the place in an error, such as "line 2, column 5"; both count from 1, columns in characters. */
function placeIn(text: string, error: string): number | undefined {
  const [, line, column] = /\bline (\d+), column (\d+)/.exec(error)?.map(Number) ?? [];
  const lines = text.split("\n");
  if (!line || !column || line > lines.length) return undefined;
  const before = lines.slice(0, line - 1).map((whole) => `${whole}\n`);
  return [...before, ...[...lines[line - 1]!].slice(0, column - 1)].join("").length;
}

function problemText(analysis: TextAnalysis, draft: Draft, account: Schemas["ChannelAccount"] | undefined): string | undefined {
  const problems = [...analysis.problems];
  const most = account && MAX_SEGMENTS[account.carrier];
  if (most && !analysis.hasFields && countSegments(analysis.rendered ?? "", account.carrier, draft.replacesSmartQuotes).segments > most)
    problems.push(words.tooManySegments(formatNumber(most)));
  return problems.join(" ") || undefined;
}

function MergeFieldButtons({ names, onInsert }: { names: string[]; onInsert: (name: string) => void }) {
  const others = names.filter((name) => !FIRST_FIELDS.includes(name));
  const button = (name: string) => (
    <button key={name} type="button" class="secondary outline" aria-label={words.insertOf(fieldLabel(name))} onClick={() => onInsert(name)}>{fieldLabel(name)}</button>
  );
  return (
    <>
      <div class="actions merge-fields">
        <span>{words.insert}</span>
        {FIRST_FIELDS.map(button)}
      </div>
      {others.length > 0 && (
        <details>
          <summary>{words.more}</summary>
          <div class="actions merge-fields">{others.map(button)}</div>
        </details>
      )}
    </>
  );
}

function TextCount({ draft, analysis, account, example }: Omit<EditorProperties, "error" | "onChange"> & { analysis: TextAnalysis }) {
  const counted = countSegments(analysis.rendered ?? draft.message, account?.carrier, draft.replacesSmartQuotes);
  return (
    <p class="text-count">
      <strong>{words.count(formatNumber(counted.characters), counted.encoding, segmentsText(counted.segments))}</strong>{" "}
      {analysis.hasFields && <small>{example ? words.example(example.name) : words.withoutValues}</small>}{" "}
      {counted.expensive.length > 0 && <small>{words.expensive(charactersText(counted.expensive), counted.expensive.length)}</small>}
    </p>
  );
}

/** A number of segments in words. */
export function segmentsText(count: number): string {
  return words.segments(count, formatNumber(count));
}
