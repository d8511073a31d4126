import { useMutation, useQueryClient } from "@tanstack/preact-query";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, read, type Schemas } from "../../api/client";
import { useIdempotencyKey } from "../../api/idempotency";
import { ApiError } from "../../api/errors";
import { useCan, useChannelAccounts } from "../../api/queries";
import { announce } from "../../parts/announcer";
import { Field } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import { useAudience } from "./audience";
import { draftOf, isComplete, isSame, MAX_NAME, type Change, type CompleteDraft, type Draft } from "./draft";
import { MessageEditor } from "./message_editor";
import { Options } from "./options";
import { IncompleteDraft } from "./saved";
import { SegmentBuilder } from "./segment_builder";
import { SenderChoice } from "./sender_choice";

type Campaign = Schemas["Campaign"];
const words = texts.campaign;

export interface EditorState {
  draft: Draft;
  change: Change;
  isDirty: boolean;
  /** Whether a campaign differs from the one that was read or saved here. */
  isOutdated: (campaign: Campaign) => boolean;
  isSaving: boolean;
  /** Saves the draft, unless nothing has changed, and returns the campaign. */
  save: () => Promise<Campaign>;
  /** How often the draft could not be saved. */
  refusals: number;
  /** What the API said of it the last time. */
  error: unknown;
  errorAt: (pointer: string) => string | undefined;
}

/** The draft of a campaign, and what saving it has said. `campaign` is `null` for a new one. */
export function useEditor(campaign: Campaign | null, start: Draft): EditorState {
  const [draft, setDraft] = useState(start);
  const [saved, setSaved] = useState<{ campaign: Campaign; draft: Draft } | null>(campaign && { campaign, draft: start });
  const [tried, setTried] = useState<Draft>();
  const [refusals, setRefusals] = useState(0);
  const saving = useSaveMutation(campaign?.id ?? null, (changed, draftThen) => setSaved({ campaign: changed, draft: draftThen }));
  const isDirty = !isSame(draft, saved?.draft ?? start);

  async function save(): Promise<Campaign> {
    if (saved && !isDirty) return saved.campaign;
    setTried(draft);
    try {
      if (!isComplete(draft) || Object.keys(missing(draft)).length > 0) throw new IncompleteDraft();
      return await saving.mutateAsync(draft);
    } catch (error) {
      setRefusals((count) => count + 1);
      throw error;
    }
  }
  return {
    draft,
    change: (changes) => setDraft((present) => ({ ...present, ...changes })),
    isDirty,
    isOutdated: (present) => saved !== null && !saving.isPending && !isSame(draftOf(present), draftOf(saved.campaign)),
    isSaving: saving.isPending,
    save,
    refusals,
    error: saving.error,
    errorAt: (pointer) => (tried ? (missing(draft)[pointer] ?? errorAt(saving.error, pointer, draft, tried)) : undefined),
  };
}

/** Saves a draft. What a person types meanwhile stays in the editor, and counts as not saved. */
function useSaveMutation(id: string | null, onSaved: (campaign: Campaign, draft: Draft) => void) {
  const key = useIdempotencyKey();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (draft: CompleteDraft) =>
      read(
        id
          ? api.PUT("/outreach/campaigns/{id}", { params: { path: { id } }, body: draft })
          : api.POST("/outreach/campaigns", { headers: key.headers(draft), body: draft }),
      ),
    // An answer from before would look like a change by somebody else.
    onMutate: () => queries.cancelQueries({ queryKey: ["campaign", id] }),
    onSuccess: (campaign, draft) => {
      onSaved(campaign, draft);
      queries.setQueryData(["campaign", campaign.id], campaign);
      void queries.invalidateQueries({ queryKey: ["campaigns"] });
      announce(words.saved);
    },
  });
}

/** What the API would refuse without saying it in a person's words. */
function missing(draft: Draft): Record<string, string> {
  const places: Record<string, string> = {};
  if (!draft.name.trim()) places["/name"] = words.nameMissing;
  if (!draft.channelAccountId) places["/channelAccountId"] = words.sender.missing;
  if (!draft.message.trim()) places["/message"] = words.text.missing;
  if (draft.maxSegments !== null && !(Number.isInteger(draft.maxSegments) && draft.maxSegments > 0)) places["/maxSegments"] = words.options.budgetWrong;
  draft.contactFilterConditions.forEach((condition, index) => {
    if (condition.value === null) places[`/contactFilterConditions/${index}/value`] = words.incomplete;
  });
  return places;
}

/** What the API said of a place, until a person changes it. */
function errorAt(error: unknown, pointer: string, draft: Draft, tried: Draft): string | undefined {
  const property = pointer.split("/")[1] as keyof Draft;
  return error instanceof ApiError && draft[property] === tried[property] ? error.at(pointer) : undefined;
}

/** The inputs of a campaign. `onSaved` hears of each save by the form's own button. */
export function Editor({ state, onSaved, isNew = false }: { state: EditorState; isNew?: boolean; onSaved?: (campaign: Campaign) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const canWrite = useCan()("outreach:write");
  // Brings a person to what is wrong, also if it is far up the page.
  useEffect(() => {
    if (state.refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [state.refusals, state.error]);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (state.isSaving) return;
    state.save().then(onSaved, () => undefined);
  }
  return (
    <form ref={form} onSubmit={submit} noValidate aria-label={state.draft.name || words.newTitle}>
      {!canWrite && <p class="warning">{words.readOnly}</p>}
      {/* A new campaign's page opens once it is saved, so nothing may be typed here meanwhile. */}
      <fieldset disabled={!canWrite || (isNew && state.isSaving)} class="plain">
        <Inputs state={state} />
      </fieldset>
      <SaveProblem state={state} />
      {canWrite && <SaveBar state={state} isNew={isNew} />}
    </form>
  );
}

/** Why the draft could not be saved, until a person has corrected every place. */
function SaveProblem({ state: { error, errorAt } }: { state: EditorState }) {
  const places = error instanceof ApiError ? error.places.map((place) => place.pointer) : [];
  const isCorrected = places.length > 0 && !places.some(errorAt);
  return isCorrected ? null : <Problem error={error} places={places.filter(hasInput)} />;
}

const INPUTS = ["/name", "/channelAccountId", "/message", "/maxSegments", "/callbackURL"];

/** Whether an input shows the errors of a place. */
function hasInput(pointer: string): boolean {
  return INPUTS.includes(pointer) || pointer.startsWith("/contactFilter");
}

function Inputs({ state: { draft, change, errorAt } }: { state: EditorState }) {
  const audience = useAudience(draft);
  const account = useChannelAccounts().data?.channelAccounts.find((candidate) => candidate.id === draft.channelAccountId);
  const countError = audience.error instanceof ApiError ? audience.error : null;
  return (
    <>
      <Field label={words.name} hint={words.nameHint} error={errorAt("/name")}>
        {(slots) => <input {...slots} required maxLength={MAX_NAME} autocomplete="off" value={draft.name} onInput={(event) => change({ name: event.currentTarget.value })} />}
      </Field>
      <h2>{words.sender.title}</h2>
      <SenderChoice value={draft.channelAccountId} error={errorAt("/channelAccountId")} onChange={(channelAccountId) => change({ channelAccountId })} />
      <h2>{words.people.title}</h2>
      <SegmentBuilder
        draft={draft}
        audience={audience}
        errorAt={(place) => errorAt(`/contactFilter${place}`) ?? countError?.at(`/filter${place}`)}
        onChange={change}
      />
      <h2>{words.text.title}</h2>
      <MessageEditor draft={draft} account={account} example={audience.example} error={errorAt("/message")} onChange={change} />
      <Options draft={draft} errorAt={errorAt} onChange={change} />
    </>
  );
}

function SaveBar({ state, isNew }: { state: EditorState; isNew: boolean }) {
  return (
    <div class="actions save-bar">
      <button aria-busy={state.isSaving}>{words.save}</button>
      <span>{isNew ? words.saveFirst : state.isDirty ? words.unsaved : words.allSaved}</span>
    </div>
  );
}

