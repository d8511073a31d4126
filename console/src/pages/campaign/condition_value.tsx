import { useState } from "preact/hooks";
import { texts } from "../../texts";
import type { Operator } from "./draft";
import { instantOf, LAST_INPUT, localInput, parseRelative, timeZone, UNITS, writeRelative, type RelativeTime } from "./relative_time";
import type { SegmentField } from "./segment_fields";

interface ValueProperties {
  field: SegmentField;
  operator: Operator;
  value: string;
  /** The attributes that join the input with its label and its error. */
  slots: { id: string };
  onChange: (value: string | null) => void;
}

const words = texts.campaign.people;

/** The input for a condition's value, by the type of its field. */
export function ConditionValue(properties: ValueProperties) {
  const { type } = properties.field;
  if (type === "date" || type === "date time") return <DateValue {...properties} />;
  if (type === "checkboxlist") return <OptionsValue {...properties} />;
  return <PlainValue {...properties} />;
}

function PlainValue(properties: ValueProperties) {
  const { field, operator } = properties;
  const isEquality = operator === "Is" || operator === "Is Not";
  if (field.type === "checkbox") return <SelectValue {...properties} options={FLAGS} />;
  if (field.options.length > 0 && isEquality) return <SelectValue {...properties} options={field.options} />;
  return <TextValue {...properties} />;
}

const FLAGS = [
  { value: "yes", label: texts.common.yes },
  { value: "no", label: texts.common.no },
];

function TextValue({ field, operator, value, slots, onChange }: ValueProperties) {
  const isNumber = field.type === "integer" || field.type === "float";
  const zones = field.type === "timezone" && operator.startsWith("Is") ? Intl.supportedValuesOf("timeZone") : [];
  return (
    <>
      <input
        {...slots}
        type={isNumber ? "number" : "text"}
        step="any"
        maxLength={2_000}
        list={zones.length > 0 ? `${slots.id}-zones` : undefined}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value || null)}
      />
      {zones.length > 0 && <datalist id={`${slots.id}-zones`}>{zones.map((zone) => <option key={zone} value={zone} />)}</datalist>}
    </>
  );
}

function SelectValue({ options, value, slots, onChange }: ValueProperties & { options: SegmentField["options"] }) {
  const chosen = options.find((option) => option.value.toLowerCase() === value.toLowerCase());
  return (
    <select {...slots} value={chosen?.value ?? value} onChange={(event) => onChange(event.currentTarget.value || null)}>
      {!chosen && <option value={value}>{value ? words.gone(value) : words.choose}</option>}
      {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
    </select>
  );
}

/** Several options. `value` joins them with commas. */
function OptionsValue({ field, value, slots, onChange }: ValueProperties) {
  const isOne = field.options.some((option) => option.value === value);
  const chosen = isOne ? [value] : value.split(",").map((entry) => entry.trim()).filter(Boolean);
  const isChosen = (option: string) => chosen.some((entry) => entry.toLowerCase() === option.toLowerCase());
  const toggle = (option: string) => {
    const others = field.options.map((entry) => entry.value).filter((entry) => (entry === option ? !isChosen(entry) : isChosen(entry)));
    onChange(others.join(",") || null);
  };
  return (
    <div {...slots} role="group" aria-label={words.value}>
      {field.options.map((option) => (
        <label key={option.value}>
          <input type="checkbox" checked={isChosen(option.value)} onChange={() => toggle(option.value)} /> {option.label}
        </label>
      ))}
    </div>
  );
}

function DateValue(properties: ValueProperties) {
  const { value, slots, onChange } = properties;
  const [isRelative, setRelative] = useState(parseRelative(value) !== null);
  const choose = (kind: string) => {
    setRelative(kind === "relative");
    onChange(kind === "relative" ? writeRelative(DEFAULT_RELATIVE) : null);
  };
  return (
    <div class="date-value">
      <select aria-label={words.dateKind} value={isRelative ? "relative" : "fixed"} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="fixed">{words.fixed}</option>
        <option value="relative">{words.relative}</option>
      </select>
      {isRelative ? <RelativeValue value={value} slots={slots} onChange={onChange} /> : <FixedDate {...properties} />}
    </div>
  );
}

const DEFAULT_RELATIVE: RelativeTime = { amount: 30, step: "-d" };

function RelativeValue({ value, slots, onChange }: Pick<ValueProperties, "value" | "slots" | "onChange">) {
  const time = parseRelative(value) ?? DEFAULT_RELATIVE;
  const change = (changes: Partial<RelativeTime>) => onChange(writeRelative({ ...time, ...changes }));
  return (
    <>
      <input {...slots} type="number" min={0} step={1} value={time.amount} onInput={(event) => change({ amount: Math.trunc(Math.abs(Number(event.currentTarget.value))) })} />
      <select aria-label={words.step} value={time.step} onChange={(event) => change({ step: event.currentTarget.value as RelativeTime["step"] })}>
        {STEPS.map((step) => <option key={step} value={step}>{words.steps[step]}</option>)}
      </select>
      <small>{words.relativeHint}</small>
    </>
  );
}

const STEPS = (["-", "+"] as const).flatMap((sign) => UNITS.map((unit) => `${sign}${unit}` as const));

function FixedDate({ field, value, slots, onChange }: ValueProperties) {
  if (field.type === "date")
    return (
      <>
        <input {...slots} type="date" value={value.slice(0, 10)} onInput={(event) => onChange(event.currentTarget.value || null)} />
        <small>{words.dateHint}</small>
      </>
    );
  const change = (input: string) => onChange(input ? instantOf(input) : null);
  return (
    <>
      <input {...slots} type="datetime-local" max={LAST_INPUT} value={localInput(value)} onInput={(event) => change(event.currentTarget.value)} />
      <small>{words.localHint(timeZone())}</small>
    </>
  );
}
