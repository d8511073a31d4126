/** The frame of all pages: sign-in, navigation and routes. A page is the module of its name in `pages/`. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, Redirect, Route, Router, Switch } from "wouter-preact";
import { queryClient, useSite } from "./api/queries";
import { apiKey, onSessionChange, signOut } from "./api/session";
import { CampaignPage } from "./pages/campaign";
import { CampaignsPage } from "./pages/campaigns";
import { ChannelAccountsPage } from "./pages/channel_accounts";
import { ContactPage } from "./pages/contact";
import { NewContactPage } from "./pages/contact_new";
import { ContactsPage } from "./pages/contacts";
import { ImportPage } from "./pages/import";
import { ImportFilePage } from "./pages/import_file";
import { ImportsPage } from "./pages/imports";
import { OptOutsPage } from "./pages/opt_outs";
import { RepliesPage } from "./pages/replies";
import { SendPage } from "./pages/send";
import { SendsPage } from "./pages/sends";
import { SignInPage } from "./pages/sign_in";
import { SitePage } from "./pages/site";
import { StartPage } from "./pages/start";
import { usePath } from "./parts/address";
import { Announcer } from "./parts/announcer";
import { Together } from "./parts/loading";
import { mayLeave } from "./parts/unsaved_changes";
import { texts } from "./texts";

const NAVIGATION: [path: string, text: string][] = [
  ["/", texts.navigation.start],
  ["/contacts", texts.navigation.contacts],
  ["/imports", texts.navigation.imports],
  ["/campaigns", texts.navigation.campaigns],
  ["/sends", texts.navigation.sends],
  ["/replies", texts.navigation.replies],
  ["/opt-outs", texts.navigation.optOuts],
  ["/accounts", texts.navigation.accounts],
  ["/site", texts.navigation.site],
];

export function App() {
  return useSignedIn() ? <Pages /> : <SignInPage />;
}

function useSignedIn(): boolean {
  const [key, setKey] = useState(apiKey);
  useEffect(
    () =>
      onSessionChange(() => {
        // What the last key has read is not for the next one.
        queryClient.clear();
        setKey(apiKey());
      }),
    [],
  );
  return key !== null;
}

/** The pages wait for what the key may do, because they offer nothing else. */
function Pages() {
  return (
    <Router hook={usePath}>
      <a class="skip" href="#content" onClick={focusContent}>{texts.navigation.skip}</a>
      <header class="container">
        <Navigation />
      </header>
      <main id="content" class="container" tabIndex={-1}>
        <Together queries={[useSite()]}>
          <Switch>
            <Route path="/" component={StartPage} />
            <Route path="/contacts" component={ContactsPage} />
            <Route path="/contacts/new" component={NewContactPage} />
            <Route path="/contacts/:id">{({ id }) => <ContactPage key={id} id={id} />}</Route>
            <Route path="/imports" component={ImportsPage} />
            <Route path="/imports/new" component={ImportFilePage} />
            <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={id} />}</Route>
            <Route path="/campaigns" component={CampaignsPage} />
            <Route path="/campaigns/:id">{({ id }) => <CampaignPage key={id} id={id} />}</Route>
            <Route path="/sends" component={SendsPage} />
            <Route path="/sends/:id">{({ id }) => <SendPage key={id} id={id} />}</Route>
            {/* Without keys: the page stays, and so does the focus, while its filter chooses another send. */}
            <Route path="/replies">{() => <RepliesPage />}</Route>
            <Route path="/replies/record/:id">{({ id }) => <RepliesPage recordId={id} />}</Route>
            <Route path="/replies/contact/:id">{({ id }) => <RepliesPage key={id} contactId={id} />}</Route>
            <Route path="/opt-outs" component={OptOutsPage} />
            <Route path="/accounts" component={ChannelAccountsPage} />
            <Route path="/site" component={SitePage} />
            <Route><Redirect to="/" /></Route>
          </Switch>
        </Together>
      </main>
      <Announcer />
    </Router>
  );
}

/** The target is not a route, so the link must not change the hash. */
function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Navigation() {
  const [location] = usePath();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [location]);
  return (
    <nav aria-label={texts.navigation.label}>
      <strong>{texts.product}</strong>
      <ul ref={list}>
        {NAVIGATION.map(([path, text]) => (
          <li key={path}>
            <Link href={path} aria-current={isWithin(location, path) ? "page" : undefined}>{text}</Link>
          </li>
        ))}
      </ul>
      <button type="button" class="secondary outline" onClick={() => mayLeave() && signOut()}>{texts.signIn.out}</button>
    </nav>
  );
}

function isWithin(location: string, path: string): boolean {
  return path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
}
