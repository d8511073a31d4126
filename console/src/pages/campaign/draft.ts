/** A campaign as the editor holds it: everything that a person may change, apart from the schedule. */
import type { Schemas } from "../../api/client";

type Campaign = Schemas["Campaign"];

export interface Condition {
  fieldName: string;
  operator: Operator;
  /** `null` until a person has entered one. `""` means "has no value" (docs/api.md, "Filters"). */
  value: string | null;
  /** The number by which an expression names the condition. It never changes. */
  order: number;
}

export type Operator = Schemas["Condition"]["operator"];
export type Match = Campaign["contactFilterConditionMetType"];

export type Draft = Pick<
  Campaign,
  | "name"
  | "description"
  | "channel"
  | "channelAccountId"
  | "message"
  | "contactFilterConditionMetType"
  | "contactFilterLogicalExpresssion"
  | "isMessageAutoAttachedToTicket"
  | "preferredTicketToAutoAttach"
  | "timeToAutoAttachToTicket"
  | "callbackURL"
  | "maxSegments"
  | "replacesSmartQuotes"
> & { contactFilterConditions: Condition[] };

/** The body that saves a draft. */
export type CompleteDraft = Omit<Draft, "contactFilterConditions"> & { contactFilterConditions: (Condition & { value: string })[] };

/** What an input changes of a draft. */
export type Change = (changes: Partial<Draft>) => void;

export function emptyDraft(channelAccountId: string): Draft {
  return {
    name: "",
    description: "",
    channel: "sms",
    channelAccountId,
    message: "",
    contactFilterConditionMetType: "all",
    contactFilterLogicalExpresssion: "",
    contactFilterConditions: [],
    isMessageAutoAttachedToTicket: false,
    preferredTicketToAutoAttach: null,
    timeToAutoAttachToTicket: null,
    callbackURL: null,
    maxSegments: null,
    replacesSmartQuotes: false,
  };
}

export function draftOf(campaign: Campaign): CompleteDraft {
  const { id: _id, scheduledStartTime: _time, scheduleStatusReason: _reason, contactFilterConditions, ...rest } = campaign;
  return { ...rest, contactFilterConditions: numbered(contactFilterConditions) };
}

/** A copy for another campaign. The schedule stays behind, so nothing is sent unawares. */
export function copyOf(campaign: Campaign, name: string): CompleteDraft {
  return { ...draftOf(campaign), name: name.slice(0, MAX_NAME) };
}

export const MAX_NAME = 256;

/** Conditions with numbers that differ. Campaigns without an expression may have been saved with equal ones. */
function numbered(conditions: Campaign["contactFilterConditions"]): CompleteDraft["contactFilterConditions"] {
  const areUnique = new Set(conditions.map((condition) => condition.order)).size === conditions.length;
  return conditions.map(({ fieldName, operator, value, order }, index) => ({
    fieldName,
    operator,
    value,
    order: areUnique ? order : index + 1,
  }));
}

export function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function isComplete(draft: Draft): draft is CompleteDraft {
  return draft.contactFilterConditions.every((condition) => condition.value !== null);
}
