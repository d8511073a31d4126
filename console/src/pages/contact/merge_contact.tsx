import { useMutation, useQuery } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { api, read } from "../../api/client";
import { announce } from "../../parts/announcer";
import { Confirm } from "../../parts/confirm";
import { Isolated } from "../../parts/isolated";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import { listContacts } from "../contacts/list_contacts";
import { identityValues } from "./identities";
import { noteMerge, refreshContacts } from "./merged_contacts";

type Contact = Schemas["Contact"];

const MOST_SHOWN = 10;

/** Finds another contact and merges it into this one. */
export function MergeContact({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const [other, setOther] = useState<Contact>();
  const merge = useMutation({
    mutationFn: (chosen: Contact) => read(api.POST("/contact/contacts/{id}:merge", { params: { path: { id: contact.id } }, body: { contactId: chosen.id } })),
    onSuccess: async (_, chosen) => {
      noteMerge(contact.id, chosen);
      await refreshContacts(contact.id, chosen.id);
      announce(texts.contact.merged(chosen.name));
      onClose();
    },
  });
  return (
    <Confirm
      title={texts.contact.mergeTitle}
      action={texts.contact.mergeAction}
      busy={merge.isPending}
      disabled={!other}
      error={merge.error}
      onConfirm={() => other && merge.mutate(other)}
      onClose={onClose}
    >
      <p>{texts.contact.mergeText}</p>
      <ContactSearch without={contact.id} chosen={other} onChoose={setOther} />
    </Confirm>
  );
}

function ContactSearch({ without, chosen, onChoose }: { without: string; chosen: Contact | undefined; onChoose: (contact: Contact | undefined) => void }) {
  const [keywords, setKeywords] = useState("");
  const found = useQuery({
    queryKey: ["contacts", "merge", keywords],
    queryFn: ({ signal }) => listContacts({ keywords, pageSize: MOST_SHOWN + 1 }, signal),
    enabled: keywords !== "",
  });
  const others = found.data?.contacts.filter((contact) => contact.id !== without).slice(0, MOST_SHOWN);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    onChoose(undefined);
    setKeywords(String(new FormData(event.currentTarget as HTMLFormElement).get("keywords")).trim());
  }

  return (
    <>
      <search>
        <form class="search" onSubmit={submit}>
          <label>
            {texts.contact.mergeSearch}
            <input type="search" name="keywords" autocomplete="off" />
          </label>
          <button class="secondary" aria-busy={found.isFetching}>{texts.contacts.searchSubmit}</button>
        </form>
      </search>
      <Problem error={found.error} />
      {others?.length === 0 && <p role="status">{texts.contact.mergeNobody}</p>}
      {others && others.length > 0 && (
        <fieldset class="long-text">
          <legend>{texts.contact.mergeChoose}</legend>
          {others.map((contact) => (
            <label key={contact.id}>
              <input type="radio" name="other" checked={chosen?.id === contact.id} onChange={() => onChoose(contact)} />
              <Isolated text={contact.name} /> <small><Isolated text={[...identityValues(contact, "SMS"), ...identityValues(contact, "email")].join(", ")} /></small>
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
