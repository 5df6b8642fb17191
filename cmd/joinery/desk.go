package main

import (
	"encoding/json"
	"net/http"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
)

// desk is where commands are carried out: in the process that owns the record.
// It is reached from within the process, and by the local socket, which only
// the same user can open. It believes who the operator says they are; what they
// then do is decided and audited by the record like anything else.
type desk struct {
	rec       *record.Record
	clock     func() time.Time
	timelines answering
	told      *told
	mux       *http.ServeMux
}

func newDesk(rec *record.Record, clock func() time.Time, timelines answering, log *told) *desk {
	d := &desk{rec: rec, clock: clock, timelines: timelines, told: log, mux: http.NewServeMux()}
	d.handle("GET /about", d.about)
	d.handle("POST /import", d.importPiece)
	d.handle("POST /import/refused", d.importRefused)
	d.handle("GET /export", d.export)
	d.handle("GET /count", d.count)
	d.handle("GET /demonstration", d.demonstration)
	d.handle("POST /verify", d.verify)
	d.handle("POST /reindex", d.reindex)
	d.handle("POST /criteria/run", d.criteriaRun)
	d.handle("POST /criteria/explain", d.criteriaExplain)
	d.handle("POST /referral/create", d.referralCreate)
	d.handle("POST /task/show", d.taskShow)
	d.handle("POST /task/move", d.taskMove)
	d.handle("POST /task/list", d.taskList)
	d.handle("POST /model/apply", d.modelApply)
	d.handle("POST /model/rollback", d.modelRollback)
	d.handle("POST /model/status", d.modelStatus)
	d.handle("POST /model/plan", d.modelPlan)
	d.handle("POST /candidate/list", d.candidateList)
	d.handle("POST /candidate/invite", d.candidateInvite)
	d.handle("POST /candidate/decline", d.candidateDecline)
	d.handle("POST /measure/run", d.measureRun)
	d.handle("POST /careplan/show", d.careplanShow)
	d.handle("POST /careplan/say", d.careplanSay)
	d.handle("POST /notice/list", d.noticeList)
	d.handle("POST /notice/show", d.noticeShow)
	d.handle("POST /notice/do", d.noticeDo)
	d.handle("POST /tokens", d.createToken)
	d.handle("GET /tokens", d.listTokens)
	d.handle("DELETE /tokens/{name}", d.revokeToken)
	d.handle("POST /accounts", d.createAccount)
	d.handle("GET /accounts", d.listAccounts)
	d.handle("POST /accounts/{name}/rights", d.accountRights)
	d.handle("POST /accounts/{name}/disable", d.disableAccount)
	d.handle("POST /accounts/{name}/reset", d.resetAccount)
	d.handle("POST /accounts/{name}/link", d.linkAccount)
	return d
}

// ServeHTTP is part of http.Handler.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// handle registers what answers a request with a value, or writes by itself and
// returns nil.
func (d *desk) handle(pattern string, do func(w http.ResponseWriter, r *http.Request) (any, error)) {
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer, err := do(w, r)
		switch {
		case err != nil:
			writeFailure(w, err)
		case answer != nil:
			_ = json.NewEncoder(w).Encode(answer) // whoever asked is gone: nobody to tell
		}
	})
}

// about says which program this is.
func (d *desk) about(http.ResponseWriter, *http.Request) (any, error) {
	return map[string]string{"version": version}, nil
}

// everything are the scopes of an operator: a command line user holds the
// database file or its password, so less would only pretend.
const everything = "system/*.cruds label/*"

// view returns the record as the operator of a request sees it.
func (d *desk) view(r *http.Request) (*record.View, error) {
	who, err := whoOf(r)
	if err != nil {
		return nil, err
	}
	subject, err := access.NewSystem(who)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.rec.As(subject), nil
}

func whoOf(r *http.Request) (access.Who, error) {
	operator := r.Header.Get(operatorHeader)
	if operator == "" {
		return access.Who{}, fault.New(fault.Unidentified, "A command must say who runs it: --operator.")
	}
	scopes, err := access.ParseScopes(everything)
	if err != nil {
		return access.Who{}, err //nolint:wrapcheck // it is fit to be shown
	}
	return access.Who{
		Client:   "joinery " + r.Header.Get(commandHeader),
		Name:     operator,
		Operator: operator,
		Purpose:  access.Purpose(r.Header.Get(purposeHeader)),
		Source:   "local",
		Scopes:   scopes,
	}, nil
}
