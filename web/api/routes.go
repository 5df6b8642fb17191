package api

import (
	"net/http"
	"time"
)

// route is one interaction: where it is and what does it.
type route struct {
	method, path string // the path after /fhir, in the pattern language of http.ServeMux
	do           func(*call) (*reply, error)
	level        string // instance, type, system
	interaction  string // FHIR's code for it; empty for an operation
	operation    string // the name of an operation, without $
	open         bool   // needs no token
	patience     time.Duration
	note         string // for docs/conformance.md
}

func (rt *route) pattern() string { return rt.method + " /fhir" + rt.path }

// How long a request may take before it is stopped.
const (
	short  = 10 * time.Second // statement timeout of whatever searches
	medium = 30 * time.Second
	long   = 120 * time.Second
)

const (
	atInstance = "instance"
	atType     = "type"
	atSystem   = "system"
)

// table is the REST interface.
func table() []route {
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		{get, "/metadata", (*call).metadata, atSystem, "capabilities", "", true, short, "open to all; says nothing of what is stored"},

		{get, "/{type}/{id}", (*call).readOne, atInstance, "read", "", false, short, "`If-None-Match`, `If-Modified-Since`; `_summary`, `_elements`; HEAD"},
		{get, "/{type}/{id}/_history/{version}", (*call).readVersion, atInstance, "vread", "", false, short, "the rights of now apply to every version"},
		{put, "/{type}/{id}", (*call).update, atInstance, "update", "", false, medium, "`If-Match`; creates only for `system` clients with unfiltered write"},
		{patch, "/{type}/{id}", (*call).patch, atInstance, "patch", "", false, medium, "JSON Patch and FHIRPath Patch; `If-Match`"},
		{del, "/{type}/{id}", (*call).remove, atInstance, "delete", "", false, medium, "`If-Match`"},
		{get, "/{type}/{id}/_history", (*call).history, atInstance, "history-instance", "", false, short, "`_since`, `_at`, `_count`"},

		{post, "/{type}", (*call).create, atType, "create", "", false, medium, "the server gives the id; `If-None-Exist`"},
		{put, "/{type}", (*call).updateWhere, atType, "update", "", false, medium, "conditional: the search in the address must find one at most"},
		{patch, "/{type}", (*call).patchWhere, atType, "patch", "", false, medium, "conditional: the search in the address must find just one"},
		{del, "/{type}", (*call).removeWhere, atType, "delete", "", false, medium, "conditional: the search in the address must find one at most"},
		{get, "/{type}", (*call).search, atType, "search-type", "", false, short, "unknown parameters are refused, unless `Prefer: handling=lenient`"},
		{post, "/{type}/_search", (*call).searchForm, atType, "search-type", "", false, short, "by form"},
		{get, "/{type}/_history", (*call).history, atType, "history-type", "", false, short, "`_since`, `_at`, `_count`"},

		{get, "", (*call).search, atSystem, "search-system", "", false, short, "parameters of all types; `_type`"},
		{post, "/_search", (*call).searchForm, atSystem, "search-system", "", false, short, "by form"},
		{get, "/_history", (*call).history, atSystem, "history-system", "", false, short, "`_since`, `_at`, `_count`"},
		{get, "/_page", (*call).next, atSystem, "search-system", "", false, short, "the next page, as linked; for who asked for the first, for an hour"},
		{post, "", (*call).bundle, atSystem, "transaction", "", false, long, "`transaction` (all or nothing) and `batch`; at most 5,000 entries and 50 MB"},

		{get, "/{type}/{id}/{inside}", (*call).compartment, atInstance, "search-type", "", false, short, "compartment of a Patient; `*` for all types"},
		{post, "/{type}/{id}/{inside}/_search", (*call).compartmentForm, atInstance, "search-type", "", false, short, "compartment of a Patient, by form"},

		{get, "/{type}/{id}/$everything", (*call).everything, atInstance, "", "everything", false, short, "Patient only; `_since`, `_type`, `_count`, `start`, `end`"},
		{post, "/{type}/{id}/$everything", (*call).everything, atInstance, "", "everything", false, short, "Patient only; parameters in a Parameters resource"},
		{post, "/{type}/$validate", (*call).validateType, atType, "", "validate", false, medium, "`mode`; no `profile`"},
		{post, "/{type}/{id}/$validate", (*call).validateInstance, atInstance, "", "validate", false, medium, "`mode`; no `profile`"},
		{get, "/{type}/{id}/$validate", (*call).validateInstance, atInstance, "", "validate", false, medium, "what is stored"},

		{post, "/{type}/$refer", (*call).refer, atType, "", "refer", false, medium, "ServiceRequest only; see [referrals](referrals.md): a person, their carer or a professional asks a service; `key` makes it come once"},
		{get, "/{type}/{id}/$actions", (*call).actions, atInstance, "", "actions", false, short, "Task only: how it stands, its clocks, and which moves the caller may make"},
		{post, "/{type}/{id}/$move", (*call).move, atInstance, "", "move", false, medium, "Task only: makes a move; with `If-Match` it comes once"},
		{post, "/{type}/$move", (*call).moveAll, atType, "", "move", false, medium, "Task only: one move of several tasks (`task`), or of none when one could not make it"},
		{post, "/{type}/{id}/$claim", (*call).claim, atInstance, "", "claim", false, medium, "Task only: `by` does it; without, it is given back; `over` hands it over"},
		{get, "/{type}/$worklist", (*call).worklist, atType, "", "worklist", false, short, "Task only: open tasks `of` a service or organisation, `by` a practitioner, of a `patient`; `site`, `model`, `kind`, `since`, `sort` in words"},
		{post, "/{type}/$launch", (*call).launch, atType, "", "launch", false, short, "Patient only; for a system with the scope `launch`: a link that opens a person's page, by their NHS number (`identifier`), for one `user`, or `issuer` and `subject`; see [launch](launch.md)"},
		{get, "/{type}/{id}/$plan", (*call).plan, atInstance, "", "plan", false, short, "Patient only: the person's care plan: their own words, goals, actions, what two models ask and does not go together"},
		{post, "/{type}/{id}/$plan-say", (*call).planSay, atInstance, "", "plan-say", false, medium, "Patient only: `what` (words, worse, note, goal, action), `text`, `by`; of a goal `measure`, `target`, `due`; of an action `owner`, `due`"},
	}
}
