import { useMutation } from "@tanstack/preact-query";
import { api, read } from "../../api/client";
import { refreshList } from "../../api/queries";
import { formatNumber } from "../../format";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Isolated } from "../../parts/isolated";
import { texts } from "../../texts";
import type { Selection } from "../contacts/contacts_table";

const MOST_NAMES = 10;
// docs/api.md, "Contacts": a request deletes 1,000 contacts at most.
const MOST_IDS = 1_000;

/** Asks, and then deletes contacts, given by their names. */
export function DeleteContacts({ contacts, onDeleted, onClose }: { contacts: Selection; onDeleted: () => void; onClose: () => void }) {
  const count = formatNumber(contacts.size);
  const names = [...contacts.values()].slice(0, MOST_NAMES);
  const deletion = useMutation({
    mutationFn: () => deleteAll([...contacts.keys()]),
    onSuccess: () => {
      refreshList("contacts");
      announce(texts.contacts.deleted(count));
      onDeleted();
    },
  });
  return (
    <Confirm
      title={texts.contacts.deleteTitle(count)}
      action={texts.contacts.deleteAction}
      busy={deletion.isPending}
      error={deletion.error}
      onConfirm={() => deletion.mutate()}
      onClose={onClose}
    >
      <ul class="long-text">
        {names.map((name, index) => <li key={index}><Isolated text={name} /></li>)}
        {contacts.size > names.length && <li>{texts.contacts.more(formatNumber(contacts.size - names.length))}</li>}
      </ul>
      <p>{texts.contacts.deleteText}</p>
    </Confirm>
  );
}

async function deleteAll(ids: string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += MOST_IDS) {
    await read(api.DELETE("/contact/contacts", { body: { ids: ids.slice(start, start + MOST_IDS) } }));
  }
}
