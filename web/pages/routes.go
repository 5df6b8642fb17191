package pages

import (
	"net/http"
	"slices"

	"joinery/record/access"
)

// route is one page, or what a form of it does.
type route struct {
	method, path string // in the pattern language of http.ServeMux
	who          []access.Role
	title        string // key of its text, which holds nothing of anyone
	do           func(*call) (*page, error)
	menu         string // key of its text in the navigation; empty: it is not there
}

func (rt *route) pattern() string {
	if rt.path == "/" {
		return rt.method + " /{$}"
	}
	return rt.method + " " + rt.path
}

// open reports whether anyone may ask for the route, signed in or not.
func (rt *route) open() bool { return slices.Contains(rt.who, access.Nobody) }

// may reports whether a role may ask for the route. What they see there is the
// record's to decide.
func (rt *route) may(r access.Role) bool { return rt.open() || slices.Contains(rt.who, r) }

// Who may ask for a route.
var (
	anyone    = []access.Role{access.Nobody}
	staff     = []access.Role{access.Staff}
	finders   = []access.Role{access.CaseFinder}
	workers   = []access.Role{access.Staff, access.CaseFinder}
	residents = []access.Role{access.Patient}
	theirs    = []access.Role{access.Patient, access.Carer}
	leads     = []access.Role{access.Lead}
	keepers   = []access.Role{access.Administrator}
	privacy   = []access.Role{access.Governance}
	admins    = []access.Role{access.Administrator, access.Governance}
	whole     = []access.Role{access.Staff, access.Lead} // who see the whole system, as counts
)

// table is every page.
func table() []*route {
	get, post := http.MethodGet, http.MethodPost
	return []*route{
		{get, "/", anyone, "home.title", (*call).home, ""},
		{post, "/language", anyone, "home.title", (*call).chooseLanguage, ""},
		{get, signInPath, anyone, "signin.title", (*call).signInPage, ""},
		{post, signInPath, anyone, "signin.title", (*call).signIn, ""},
		{get, providerPath, anyone, "signin.title", (*call).toProvider, ""},
		{get, backPath, anyone, "signin.title", (*call).fromProvider, ""},
		{get, sessionPath, anyone, "session.title", (*call).sessionPage, ""},
		{post, sessionPath, anyone, "session.title", (*call).staySignedIn, ""},
		{post, "/sign-out", anyone, "signin.title", (*call).signOut, ""},
		{post, "/leave", anyone, "left.title", (*call).leave, ""},
		{get, "/left", anyone, "left.title", (*call).left, ""},
		{get, passwordPath, anyone, "password.title", (*call).passwordPage, ""},
		{post, passwordPath, anyone, "password.title", (*call).changePassword, ""},
		{post, passwordPath + "/codes", anyone, "password.title", (*call).renewCodes, ""},
		{post, passwordPath + "/sessions", anyone, "password.title", (*call).endSessions, ""},
		{get, launchPath + "/{token}", anyone, "launch.title", (*call).launchPage, ""},
		{post, launchPath + "/{token}", anyone, "launch.title", (*call).launched, ""},
		{get, launchPath, staff, "launch.title", (*call).launchPage, ""},
		{post, launchPath, staff, "launch.title", (*call).heldLaunch, ""},
		{get, "/emergency", staff, "emergency.title", (*call).emergencyPage, ""},
		{post, "/emergency", staff, "emergency.title", (*call).breakGlass, ""},

		{get, "/work", workers, "work.title", (*call).work, "frame.menu-work"},
		{post, "/work", staff, "several.title", (*call).several, ""},
		{post, "/work/{task}/claim", staff, "work.title", (*call).claim, ""},
		{get, "/people", staff, "find.title", (*call).find, "frame.menu-find"},
		{post, "/people", staff, "find.title", (*call).found, ""},
		{get, "/people/{id}", staff, "person.title", (*call).person, ""},
		{get, "/people/{id}/timeline", staff, "timeline.title", (*call).timeline, ""},
		{get, "/people/{id}/plan", staff, "plan.title", (*call).plan, ""},
		{post, "/people/{id}/plan", staff, "plan.title", (*call).said, ""},
		{get, "/people/{id}/letter", staff, "letter.title", (*call).letter, ""},
		{get, "/people/{id}/text", staff, "letter.title", (*call).plainText, ""},
		{get, "/people/{id}/refer", staff, "refer.title", (*call).refer, ""},
		{post, "/people/{id}/refer", staff, "refer.title", (*call).referred, ""},
		{get, "/referrals/{task}", workers, "referral.title", (*call).referral, ""},
		{post, "/referrals/{task}", workers, "referral.title", (*call).moved, ""},
		{get, "/candidates", finders, "candidates.title", (*call).candidates, "frame.menu-candidates"},
		{get, "/candidates/{model}", finders, "candidates.title", (*call).candidates, ""},
		{post, "/candidates/{model}", finders, "candidates.title", (*call).decide, ""},

		{get, "/me", theirs, "me.title", (*call).me, "frame.menu-me"},
		{post, "/me/tasks/{task}", theirs, "me.title", (*call).taskDone, ""},
		{get, "/me/invitations/{task}", theirs, "invitation.title", (*call).invitation, ""},
		{post, "/me/invitations/{task}", theirs, "invitation.title", (*call).answerInvitation, ""},
		{get, "/me/referrals/{task}", theirs, "myreferral.title", (*call).myReferral, ""},
		{post, "/me/referrals/{task}", theirs, "myreferral.title", (*call).moveMine, ""},
		{get, "/me/plan", theirs, "myplan.title", (*call).myPlan, "frame.menu-plan"},
		{post, "/me/plan", residents, "myplan.title", (*call).sayMine, ""},
		{get, "/me/record", theirs, "myrecord.title", (*call).myRecord, "frame.menu-record"},
		{get, "/me/record/{type}/{id}", residents, "query.title", (*call).query, ""},
		{post, "/me/record/{type}/{id}", residents, "query.title", (*call).sayOf, ""},
		{get, "/me/looked", residents, "looked.title", (*call).whoLooked, "frame.menu-looked"},
		{get, "/me/sharing", residents, "sharing.title", (*call).sharing, "frame.menu-sharing"},
		{get, "/me/sharing/{id}", residents, "ending.title", (*call).endSharing, ""},
		{post, "/me/sharing/{id}", residents, "ending.title", (*call).endedSharing, ""},

		{get, "/system", whole, "system.title", (*call).system, "frame.menu-system"},
		{get, "/system/{tile}", whole, "tile.title", (*call).systemTile, ""},
		{get, "/models", whole, "models.title", (*call).models, "frame.menu-models"},
		{get, "/models/{id}", whole, "model.title", (*call).model, ""},
		{get, "/models/{id}/changes", leads, "changes.title", (*call).modelChanges, ""},
		{get, "/models/{id}/plan", leads, "modelplan.title", (*call).modelPlan, ""},
		{get, "/models/{id}/apply", leads, "apply.title", (*call).applyForm, ""},
		{post, "/models/{id}/apply", leads, "apply.title", (*call).apply, ""},
		{get, "/models/{id}/rollback", leads, "rollback.title", (*call).rollbackForm, ""},
		{post, "/models/{id}/rollback", leads, "rollback.title", (*call).rollback, ""},

		{get, "/admin", admins, "admin.title", (*call).admin, "frame.menu-admin"},
		{get, "/admin/agreements", keepers, "agreements.title", (*call).agreements, ""},
		{post, "/admin/agreements", keepers, "agreements.title", (*call).startAgreement, ""},
		{post, "/admin/agreements/{id}", keepers, "agreements.title", (*call).endAgreement, ""},
		{get, "/admin/accounts", keepers, "accounts.title", (*call).accounts, ""},
		{post, "/admin/accounts", keepers, "accounts.title", (*call).makeAccount, ""},
		{get, "/admin/organisations", keepers, "organisations.title", (*call).organisations, ""},
		{get, "/admin/organisations/{id}", keepers, "organisation.title", (*call).organisationPage, ""},
		{get, "/admin/directory/{kind}/{id}", keepers, "entry.title", (*call).entry, ""},
		{post, "/admin/directory/{kind}/{id}", keepers, "entry.title", (*call).keepEntry, ""},
		{get, "/admin/refused", keepers, "refused.title", (*call).refusals, ""},
		{get, "/admin/refused/{run}", keepers, "refusedrun.title", (*call).refusedPage, ""},
		{get, "/admin/refused/{run}/csv", keepers, "refusedrun.title", (*call).refusedFile, ""},
		{get, "/admin/tokens", keepers, "tokens.title", (*call).tokens, ""},
		{post, "/admin/tokens", keepers, "tokens.title", (*call).revokeToken, ""},
		{get, "/admin/audit", privacy, "audit.title", (*call).auditPage, ""},
		{post, "/admin/audit", privacy, "audit.title", (*call).auditSearch, ""},
		{get, "/admin/alerts", privacy, "alerts.title", (*call).alerts, ""},
		{get, "/admin/why", privacy, "why.title", (*call).whyPage, ""},
		{post, "/admin/why", privacy, "why.title", (*call).why, ""},
	}
}
