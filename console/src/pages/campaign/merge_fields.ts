/**
 * Checks and renders a text's merge fields while a person types (docs/api.md, "Merge fields").
 *
 * The API has the last word when the campaign is saved; it reads Liquid with another library.
 */
import { Liquid } from "liquidjs";
import type { Schemas } from "../../api/client";
import { formatNumber } from "../../format";
import { texts } from "../../texts";

/** The parts of a name; a part that is a name itself is a list. */
type SegmentArray = ReturnType<Liquid["globalVariableSegmentsSync"]>[number];

const CUSTOM_FIELDS = "customFields";
const NAME = "name";
// Liquid's own names, and what it knows of a text or a list.
const BUILT_IN = ["now", "today"];
const PROPERTIES = ["size", "first", "last"];
const MAX_TEXT = 1_600;
/** The most characters of a text with merge fields (docs/api.md, "Merge fields"). */
export const MAX_TEMPLATE = 4_000;

const liquid = makeLiquid();

function makeLiquid(): Liquid {
  // A colleague's endless loop must not stop this tab.
  const engine = new Liquid({ renderLimit: 50, memoryLimit: 100_000, parseLimit: 10 * MAX_TEMPLATE, templates: {} });
  for (const tag of ["include", "render", "layout", "tablerow"]) delete engine.tags[tag];
  return engine;
}

export interface TextAnalysis {
  /** Why the text cannot be saved, in words. */
  problems: string[];
  /** The text for one contact; `null` if it cannot be rendered. */
  rendered: string | null;
  hasFields: boolean;
}

/** Analyses a text. Without `fields`, names are not checked. `contact` is an example for its values. */
export function analyse(message: string, fields: Schemas["Field"][] | undefined, contact: Schemas["Contact"] | undefined): TextAnalysis {
  const hasTags = /\{[{%]/.test(message);
  const length = [...message].length;
  if (!message.trim()) return { problems: [], rendered: "", hasFields: false };
  const tooLong = tooLongText(hasTags ? MAX_TEMPLATE : MAX_TEXT, length);
  if (!hasTags) return { problems: tooLong, rendered: message, hasFields: false };
  if (tooLong.length > 0) return { problems: tooLong, rendered: null, hasFields: true };
  return analyseTemplate(message, fields, contact);
}

function tooLongText(most: number, length: number): string[] {
  return length > most ? [texts.campaign.text.tooLong(formatNumber(most), formatNumber(length - most))] : [];
}

function analyseTemplate(message: string, fields: Schemas["Field"][] | undefined, contact: Schemas["Contact"] | undefined): TextAnalysis {
  if (/\{[{%][^}]*[“”„‘’][^}]*[%}]\}/.test(message)) return { problems: [texts.campaign.text.curlyQuotes], rendered: null, hasFields: true };
  try {
    const template = liquid.parse(message);
    const references = liquid.globalVariableSegmentsSync(template, { partials: false });
    const names = fields?.map((field) => field.name);
    const problems = names ? references.filter((path) => !isKnown(path, names)).map((path) => unknownText(path, names)) : [];
    return { problems: [...new Set(problems)], rendered: render(message, values(references, contact)), hasFields: references.length > 0 };
  } catch (error) {
    return { problems: [texts.campaign.text.unreadable(reason(error))], rendered: null, hasFields: true };
  }
}

function render(message: string, scope: Record<string, unknown>): string | null {
  try {
    return String(liquid.parseAndRenderSync(message, scope));
  } catch {
    // The example may lack what the text needs. The preview says what really happens.
    return null;
  }
}

/** Liquid names the place in a part of its message that a person need not read. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, line:\d+, col:\d+[^]*$/, "") : String(error);
}

/** Whether two names are the same to the API, which compares text regardless of case (docs/api.md, "Text, numbers and addresses"). */
export function sameText(one: string, other: string): boolean {
  return key(one) === key(other);
}

function key(name: string): string {
  return name.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
}

function isKnown([root, ...rest]: SegmentArray, names: string[]): boolean {
  if (isName(root, CUSTOM_FIELDS)) return rest.length > 0 && isField(rest[0], names) && areProperties(rest.slice(1));
  if (BUILT_IN.includes(String(root))) return true;
  return isField(root, [NAME, ...names]) && areProperties(rest);
}

function isName(segment: SegmentArray[number] | undefined, name: string): boolean {
  return typeof segment === "string" && sameText(segment, name);
}

/** An index that is a name itself leads to a field that only a contact tells. */
function isField(segment: SegmentArray[number] | undefined, names: string[]): boolean {
  return Array.isArray(segment) || names.some((name) => isName(segment, name));
}

function areProperties(segments: SegmentArray): boolean {
  return segments.every((segment) => typeof segment !== "string" || PROPERTIES.includes(segment));
}

function unknownText(path: SegmentArray, names: string[]): string {
  const isCustom = isName(path[0], CUSTOM_FIELDS);
  const parts = path.slice(isCustom ? 1 : 0).filter((part) => typeof part === "string");
  const candidates = isCustom ? names : [NAME, ...names];
  const likeness = (name: string) => Math.max(0, ...parts.map((part) => similarity(squashed(part), squashed(name))));
  const nearest = candidates.reduce((best, name) => (likeness(name) > likeness(best) ? name : best), candidates[0] ?? NAME);
  return texts.campaign.text.unknown(path.filter((part) => !Array.isArray(part)).join("."), mergeField(nearest, isCustom));
}

function squashed(name: string): string {
  return key(name).replace(/[\s_-]/g, "");
}

/** How much of two names is common, from 0 to 1: their longest common subsequence. */
function similarity(one: string, other: string): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const char of one) {
    const next = [0];
    for (let index = 0; index < other.length; index++)
      next.push(char === other[index] ? row[index]! + 1 : Math.max(row[index + 1]!, next[index]!));
    row = next;
  }
  return (2 * row[other.length]!) / (one.length + other.length || 1);
}

/** A field's name as Liquid writes it. */
export function mergeField(name: string, isCustom = false): string {
  if (!/^[^\W\d][\w-]*$/.test(name)) return `${CUSTOM_FIELDS}["${name}"]`;
  return isCustom ? `${CUSTOM_FIELDS}.${name}` : name;
}

/** A contact's values by the names that a text uses, in the text's spelling. */
function values(references: SegmentArray[], contact: Schemas["Contact"] | undefined): Record<string, unknown> {
  // Without a prototype, because a name may be `__proto__`.
  const scope = Object.create(null) as Record<string, unknown>;
  for (const [root, second] of references) {
    if (typeof root !== "string") continue;
    if (!isName(root, CUSTOM_FIELDS)) scope[root] = valueOf(contact, root);
    else if (typeof second === "string") scope[root] = { ...(scope[root] as object | undefined), [second]: valueOf(contact, second) };
  }
  return scope;
}

function valueOf(contact: Schemas["Contact"] | undefined, name: string): unknown {
  if (!contact) return undefined;
  if (sameText(name, NAME)) return contact.name;
  const identity = contact.contactIdentities.find((candidate) => sameText(candidate.contactIdentityType, name));
  return identity?.value ?? Object.entries(contact.customFields).find(([field]) => sameText(field, name))?.[1] ?? undefined;
}
