import { useRef } from "preact/hooks";
import { useCan } from "../../api/queries";
import { formatNumber } from "../../format";
import { announce } from "../../parts/announcer";
import { Field } from "../../parts/field";
import { Loading } from "../../parts/loading";
import { texts } from "../../texts";
import type { Audience } from "./audience";
import { ConditionValue } from "./condition_value";
import type { Change, Condition, Draft, Match } from "./draft";
import { choiceOf, choices, chosen, findField, needsValue, useSegmentFields, withField, type Choice, type SegmentField } from "./segment_fields";

const words = texts.campaign.people;
const MAX_CONDITIONS = 250;

interface SegmentProperties {
  draft: Draft;
  audience: Audience;
  /** What is wrong at a place of the filter, such as `Conditions/0/value`. */
  errorAt: (place: string) => string | undefined;
  onChange: Change;
}

/** Chooses people by conditions, and counts them while a person does so. */
export function SegmentBuilder(properties: SegmentProperties) {
  const fields = useSegmentFields();
  if (!useCan()("contact:read")) return <p>{words.cannotRead}</p>;
  if (!fields) return <Loading />;
  return <Builder {...properties} fields={fields} />;
}

function Builder({ draft, audience, errorAt, onChange, fields }: SegmentProperties & { fields: SegmentField[] }) {
  const list = useRef<HTMLDivElement>(null);
  const conditions = draft.contactFilterConditions;
  const setConditions = (changed: Condition[]) => onChange({ contactFilterConditions: changed });
  const focus = (selector: string) => requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(selector)?.focus());

  function add(): void {
    setConditions([...conditions, newCondition(conditions, fields)]);
    focus(".condition:last-of-type select");
  }
  function remove(condition: Condition): void {
    setConditions(conditions.filter((other) => other !== condition));
    announce(words.removed(String(condition.order)));
    focus(".add-condition");
  }
  return (
    <div ref={list}>
      {conditions.length === 0 && <p>{words.everyone}</p>}
      {(conditions.length > 1 || draft.contactFilterConditionMetType === "logicalExpression") && <MatchChoice draft={draft} errorAt={errorAt} onChange={onChange} />}
      {conditions.map((condition, index) => (
        <ConditionRow
          key={condition.order}
          condition={condition}
          fields={fields}
          errorAt={(property) => errorAt(`Conditions/${index}/${property}`)}
          onChange={(changed) => setConditions(conditions.with(index, changed))}
          onRemove={() => remove(condition)}
        />
      ))}
      {errorAt("Conditions") && <p class="field-error">{errorAt("Conditions")}</p>}
      <button type="button" class="secondary outline add-condition" disabled={conditions.length >= MAX_CONDITIONS} onClick={add}>{words.add}</button>
      <AudienceCount audience={audience} draft={draft} />
    </div>
  );
}

function newCondition(conditions: Condition[], fields: SegmentField[]): Condition {
  const order = Math.max(0, ...conditions.map((condition) => condition.order)) + 1;
  return { fieldName: fields[0]!.name, operator: "Is", value: null, order };
}

function MatchChoice({ draft, errorAt, onChange }: Pick<SegmentProperties, "draft" | "errorAt" | "onChange">) {
  const match = draft.contactFilterConditionMetType;
  return (
    <>
      <Field label={words.match} error={errorAt("ConditionMetType")}>
        {(slots) => (
          <select {...slots} value={match} onChange={(event) => onChange({ contactFilterConditionMetType: event.currentTarget.value as Match })}>
            {Object.entries(words.matches).map(([value, text]) => <option key={value} value={value}>{text}</option>)}
          </select>
        )}
      </Field>
      {match === "logicalExpression" && (
        <Field label={words.expression} hint={words.expressionHint} error={errorAt("LogicalExpresssion")}>
          {(slots) => (
            <input
              {...slots}
              value={draft.contactFilterLogicalExpresssion}
              maxLength={10_000}
              autocomplete="off"
              onInput={(event) => onChange({ contactFilterLogicalExpresssion: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

interface RowProperties {
  condition: Condition;
  fields: SegmentField[];
  errorAt: (property: string) => string | undefined;
  onChange: (condition: Condition) => void;
  onRemove: () => void;
}

function ConditionRow({ condition, fields, errorAt, onChange, onRemove }: RowProperties) {
  const field = findField(fields, condition.fieldName);
  const order = String(condition.order);
  return (
    <fieldset class="condition">
      <legend>{words.condition(order)}</legend>
      <Field label={words.field} error={errorAt("fieldName")}>
        {(slots) => (
          <select {...slots} value={field?.name ?? condition.fieldName} onChange={(event) => onChange(withField(condition, findField(fields, event.currentTarget.value)!))}>
            {!field && <option value={condition.fieldName}>{words.gone(condition.fieldName)}</option>}
            {fields.map((choice) => <option key={choice.name} value={choice.name}>{choice.label}</option>)}
          </select>
        )}
      </Field>
      {field && <Comparison condition={condition} field={field} errorAt={errorAt} onChange={onChange} />}
      <button type="button" class="secondary outline" aria-label={words.remove(order)} onClick={onRemove}>✕</button>
    </fieldset>
  );
}

function Comparison({ condition, field, errorAt, onChange }: Omit<RowProperties, "fields" | "onRemove"> & { field: SegmentField }) {
  const choice = choiceOf(condition);
  return (
    <>
      <Field label={words.operator} error={errorAt("operator")}>
        {(slots) => (
          <select {...slots} value={choice} onChange={(event) => onChange({ ...condition, ...chosen(event.currentTarget.value as Choice, condition.value) })}>
            {withPresent(choices(field), choice).map((option) => <option key={option} value={option}>{words.choices[option]}</option>)}
          </select>
        )}
      </Field>
      {needsValue(choice) && (
        <Field label={words.value} error={errorAt("value")}>
          {(slots) => (
            <ConditionValue
              key={field.name}
              field={field}
              operator={condition.operator}
              value={condition.value ?? ""}
              slots={slots}
              onChange={(value) => onChange({ ...condition, value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

/** A saved condition may have an operator that its field lost since. It stays visible until a person changes it. */
function withPresent(options: Choice[], present: Choice): Choice[] {
  return options.includes(present) ? options : [present, ...options];
}

function AudienceCount({ audience, draft }: { audience: Audience; draft: Draft }) {
  return (
    <p class="audience-count" role="status">
      <strong aria-busy={audience.isCounting}>{countText(audience, draft)}</strong> <small>{words.leftOut}</small>
    </p>
  );
}

function countText({ total, error, isCounting }: Audience, draft: Draft): string {
  if (error) return words.noCount;
  if (total === undefined) return isCounting ? words.counting : words.countLater;
  const text = formatNumber(total);
  return draft.contactFilterConditions.length === 0 ? words.countEveryone(text) : words.count(total, text);
}
