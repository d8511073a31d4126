import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { api, read } from "../../api/client";
import { ApiError } from "../../api/errors";
import { queryClient, refreshList } from "../../api/queries";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Field } from "../../parts/field";
import { texts } from "../../texts";

/** Asks, and then opts a number out, or in again. */
export function ChangeOptOut({ number, isOptedOut, onClose }: { number: string; isOptedOut: boolean; onClose: () => void }) {
  return isOptedOut ? <OptIn number={number} onClose={onClose} /> : <OptOut number={number} onClose={onClose} />;
}

/** Opts a number out; without `number` the dialog asks for one. */
export function OptOut({ number, onClose }: { number?: string; onClose: (number?: string) => void }) {
  const [entered, setEntered] = useState(number ?? "");
  const [reason, setReason] = useState("");
  const change = useMutation({
    // Handed over with the call: a mutation sees the state of the last paint, which may lack the last letter.
    mutationFn: (change: { number: string; reason: string | null }) =>
      read(api.PUT("/contact/optOuts/{number}", { params: { path: { number: change.number } }, body: { reason: change.reason } })),
    onSuccess: async (state) => {
      announce(texts.contact.optedOutDone(state.number));
      await refresh();
      onClose(state.number);
    },
  });
  const error = change.error instanceof ApiError ? change.error : undefined;
  return (
    <Confirm
      title={number ? texts.contact.optOutTitle(number) : texts.optOuts.new}
      action={texts.contact.optOutAction}
      busy={change.isPending}
      disabled={!entered.trim()}
      error={error?.at("/number") || error?.at("/reason") ? undefined : change.error}
      onConfirm={() => change.mutate({ number: plainNumber(entered), reason: reason.trim() || null })}
      onClose={() => onClose()}
    >
      <p>{texts.contact.optOutText}</p>
      {!number && (
        <Field label={texts.optOuts.search} hint={texts.optOuts.searchHint} error={error?.at("/number")}>
          {(slots) => <input {...slots} type="tel" autocomplete="off" value={entered} onInput={(event) => setEntered(event.currentTarget.value)} />}
        </Field>
      )}
      <Field label={texts.contact.reason} hint={texts.contact.reasonHint} error={error?.at("/reason")}>
        {(slots) => <input {...slots} autocomplete="off" maxLength={2_000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />}
      </Field>
    </Confirm>
  );
}

/** A number as the path takes it. An empty one would name the list of all opt-outs. */
export function plainNumber(entered: string): string {
  return entered.trim().replace(/^00/, "+") || "?";
}

function OptIn({ number, onClose }: { number: string; onClose: () => void }) {
  const change = useMutation({
    mutationFn: () => read(api.DELETE("/contact/optOuts/{number}", { params: { path: { number } } })),
    onSuccess: async () => {
      announce(texts.contact.optedInDone(number));
      await refresh();
      onClose();
    },
  });
  return (
    <Confirm
      title={texts.contact.optInTitle(number)}
      action={texts.contact.optInAction}
      busy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
      onClose={onClose}
    >
      <p>{texts.contact.optInText}</p>
    </Confirm>
  );
}

/** A number may belong to any contact that has been read. */
async function refresh(): Promise<void> {
  refreshList("optOuts");
  refreshList("contacts");
  refreshList("optOut");
  await Promise.all([["contact"], ["optOutHistory"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })));
}
