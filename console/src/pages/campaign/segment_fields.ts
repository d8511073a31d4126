/** What a condition may compare, and how: the contact's properties and the site's fields (docs/api.md, "Filters"). */
import { useMemo } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { useFields } from "../../api/queries";
import { fieldLabel } from "../../parts/field_label";
import { texts } from "../../texts";
import type { Condition, Operator } from "./draft";
import { sameText } from "./merge_fields";

type FieldType = Schemas["Field"]["type"];

export interface SegmentField {
  name: string;
  label: string;
  type: FieldType;
  options: { value: string; label: string }[];
  /** Whether a contact may have no value. */
  isOptional: boolean;
}

const PROPERTIES: SegmentField[] = [
  property("name", "text"),
  property("createTime", "date time"),
  property("lastUpdatedTime", "date time"),
  property("isOptedOut", "checkbox"),
  property("id", "text"),
];

function property(name: string, type: FieldType): SegmentField {
  return { name, label: texts.campaign.properties[name] ?? name, type, options: [], isOptional: false };
}

/** The fields that a condition may name; `undefined` before they are read. */
export function useSegmentFields(): SegmentField[] | undefined {
  const fields = useFields().data;
  return useMemo(() => fields && [...PROPERTIES, ...fields.map(fromField)], [fields]);
}

function fromField(field: Schemas["Field"]): SegmentField {
  const options = [...field.fieldOptions].sort((one, other) => one.order - other.order);
  return {
    name: field.name,
    label: fieldLabel(field.name),
    type: field.type,
    options: options.map(({ value, displayText }) => ({ value, label: displayText || value })),
    isOptional: true,
  };
}

/** The field that a condition names; `undefined` if it was deleted or renamed since. */
export function findField(fields: SegmentField[], name: string): SegmentField | undefined {
  return fields.find((field) => sameText(field.name, name));
}

const TEXT: Operator[] = ["Is", "Is Not", "Contains", "Does Not Contain"];
const NUMBER: Operator[] = ["Is", "Is Not", "Is More Than", "Is Less Than"];
const DATE: Operator[] = ["Before", "After", "Is", "Is Not"];
const OPERATORS: Partial<Record<FieldType, Operator[]>> = {
  integer: NUMBER,
  float: NUMBER,
  date: DATE,
  "date time": DATE,
  checkbox: ["Is", "Is Not"],
};

/** What a person chooses between field and value. Two choices need no value. */
export type Choice = Operator | "has no value" | "has a value";
const WITHOUT_VALUE: Partial<Record<Choice, Operator>> = { "has no value": "Is", "has a value": "Is Not" };

export function choices(field: SegmentField): Choice[] {
  const operators = OPERATORS[field.type] ?? TEXT;
  return field.isOptional ? [...operators, "has no value", "has a value"] : operators;
}

export function choiceOf({ operator, value }: Condition): Choice {
  if (value !== "") return operator;
  return operator === "Is" ? "has no value" : operator === "Is Not" ? "has a value" : operator;
}

export function needsValue(choice: Choice): boolean {
  return !(choice in WITHOUT_VALUE);
}

/** The operator and value after a choice; a value that was entered stays. */
export function chosen(choice: Choice, value: string | null): Pick<Condition, "operator" | "value"> {
  const operator = WITHOUT_VALUE[choice];
  return operator ? { operator, value: "" } : { operator: choice as Operator, value: value || null };
}

/** A condition with another field. The operator stays where the field has it; the value belongs to the old field. */
export function withField(condition: Condition, field: SegmentField): Condition {
  const operators = OPERATORS[field.type] ?? TEXT;
  const operator = operators.includes(condition.operator) ? condition.operator : operators[0]!;
  return { ...condition, fieldName: field.name, operator, value: null };
}
