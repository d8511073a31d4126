import { useMutation } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import { queryClient, refreshList, useCan } from "../../api/queries";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { texts } from "../../texts";

type Contact = Schemas["Contact"];
type Names = Record<string, string>;

/** Remembers a merge of this tab, because the API does not list which contacts were merged into one. */
export function noteMerge(into: string, other: Contact): void {
  queryClient.setQueryDefaults(["merges"], { gcTime: Infinity });
  queryClient.setQueryData<Names>(["merges", into], (names) => ({ ...names, [other.id]: other.name }));
}

/** Reads both contacts of a merge and their conversations again. */
export async function refreshContacts(...ids: string[]): Promise<void> {
  refreshList("contacts");
  const changed = ids.flatMap((id) => [["contact", id], ["conversation", id]]);
  await Promise.all(changed.map((queryKey) => queryClient.invalidateQueries({ queryKey, refetchType: "all" })));
}

/** The contacts that were merged into this one in this tab, each with the way back. */
export function MergedContacts({ contact }: { contact: Contact }) {
  const names = queryClient.getQueryData<Names>(["merges", contact.id]) ?? {};
  return <>{Object.entries(names).map(([id, name]) => <MergedContact key={id} into={contact.id} other={id} name={name} />)}</>;
}

function MergedContact({ into, other, name }: { into: string; other: string; name: string }) {
  return <div class="actions"><span>{texts.contact.merged(name)}</span> <Unmerge into={into} other={other} name={name} /></div>;
}

/** Says that a contact was merged into another one, and leads there or back. */
export function MergedNotice({ contact }: { contact: Contact }) {
  return (
    <div class="warning">
      <p>{texts.contact.mergedNotice}</p>
      <div class="actions">
        <Link href={`/contacts/${contact.mergeToContactId}`}>{texts.contact.mergedOpen}</Link>
        <Unmerge into={contact.mergeToContactId} other={contact.id} name={contact.name} />
      </div>
    </div>
  );
}

function Unmerge({ into, other, name }: { into: string; other: string; name: string }) {
  const [isAsking, setIsAsking] = useState(false);
  const unmerge = useMutation({
    mutationFn: () => read(api.POST("/contact/contacts/{id}:unmerge", { params: { path: { id: into } }, body: { contactId: other } })),
    onSuccess: async () => {
      queryClient.setQueryData<Names>(["merges", into], (names) => Object.fromEntries(Object.entries(names ?? {}).filter(([id]) => id !== other)));
      announce(texts.contact.unmerged(name));
      setIsAsking(false);
      await refreshContacts(into, other);
    },
  });
  if (!useCan()("contact:write")) return null;
  return (
    <>
      <button type="button" class="secondary outline" onClick={() => setIsAsking(true)}>{texts.contact.unmerge}</button>
      {isAsking && (
        <Confirm
          title={texts.contact.unmergeTitle}
          action={texts.contact.unmerge}
          busy={unmerge.isPending}
          error={unmerge.error}
          onConfirm={() => unmerge.mutate()}
          onClose={() => setIsAsking(false)}
        >
          <p>{texts.contact.unmergeText}</p>
        </Confirm>
      )}
    </>
  );
}
