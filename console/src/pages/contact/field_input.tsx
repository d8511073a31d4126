import { Field as Labelled } from "../../parts/field";
import { fieldLabel } from "../../parts/field_label";
import { texts } from "../../texts";
import type { Field } from "./field_values";

interface Properties {
  field: Field;
  /** The name in the form. */
  name: string;
  value: string[];
  error: string | undefined;
}

/** The input of a custom field, by its type. The API checks the value, so that its words stand beside the input. */
export function FieldInput(properties: Properties) {
  const isList = ["radio", "checkboxlist"].includes(properties.field.type);
  return isList ? <OptionList {...properties} /> : <SingleInput {...properties} />;
}

function SingleInput({ field, name, value, error }: Properties) {
  return (
    <Labelled label={labelOf(field)} hint={hintOf(field)} error={error}>
      {(slots) => {
        const common = { ...slots, name, autocomplete: "off" as const, defaultValue: value[0] ?? "" };
        if (field.type === "textArea") return <textarea {...common} rows={3} maxLength={field.length ?? undefined} />;
        const options = optionsOf(field, value[0]);
        if (options) {
          return (
            <select {...slots} name={name}>
              {options.map(([option, text]) => <option key={option} value={option} selected={option === (value[0] ?? "")}>{text}</option>)}
            </select>
          );
        }
        return <input {...common} {...inputAttributes(field)} />;
      }}
    </Labelled>
  );
}

function OptionList({ field, name, value, error }: Properties) {
  const isRadio = field.type === "radio";
  const options = field.fieldOptions.map((option) => [option.value, option.displayText || option.value] as const);
  return (
    <fieldset>
      <legend>{labelOf(field)}</legend>
      {(isRadio ? [["", texts.contact.noValue] as const, ...options] : options).map(([option, text]) => (
        <label key={option}>
          <input type={isRadio ? "radio" : "checkbox"} name={name} value={option} defaultChecked={option === "" ? value.length === 0 : value.includes(option)} />
          {text}
        </label>
      ))}
      {hintOf(field) && <small>{hintOf(field)}</small>}
      {error && <small class="field-error" role="alert">{error}</small>}
    </fieldset>
  );
}

/** The choices of a field that is a selection; a checkbox may also have no value, which a box cannot show. */
function optionsOf(field: Field, value: string | undefined): [string, string][] | null {
  const none: [string, string] = ["", texts.contact.noValue];
  if (field.type === "checkbox") return [none, ["yes", texts.common.yes], ["no", texts.common.no]];
  if (field.type === "dropdownlist") return [none, ...field.fieldOptions.map((option): [string, string] => [option.value, option.displayText || option.value])];
  if (field.type !== "timezone") return null;
  const zones = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ...(value ? [value] : [])]);
  return [none, ...[...zones].sort().map((zone): [string, string] => [zone, zone.replaceAll("_", " ")])];
}

/** Numbers are typed as text: the browser's own number input gives nothing for what is no number, and that would clear the value. */
function inputAttributes(field: Field) {
  switch (field.type) {
    case "date":
      return { type: "date" };
    case "date time":
      return { type: "datetime-local" };
    case "integer":
      return { type: "text", inputMode: "numeric" as const };
    case "float":
      return { type: "text", inputMode: "decimal" as const };
    case "email":
      return { type: "text", inputMode: "email" as const };
    case "url":
      return { type: "text", inputMode: "url" as const };
    default:
      return { type: "text", maxLength: field.length ?? undefined };
  }
}

function labelOf(field: Field): string {
  return fieldLabel(field.name);
}

function hintOf(field: Field): string {
  // The help of a system field repeats its name.
  const help = field.isSystem ? "" : field.helpText;
  return [field.isRequired && texts.contact.required, field.type === "date time" && texts.contact.localTime, help].filter(Boolean).join(" ");
}
