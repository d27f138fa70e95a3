package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestDeactivateCustomersBulk(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		blocked := a.create(t, a.key, customersPath, fullCustomer)
		a.create(t, a.key, invoicesPath, newDraft(blocked))
		theirs := a.create(t, a.theirs, customersPath, fullCustomer)
		unknown := uuid.NewString()

		t.Run("each row is as the single operation answers", func(t *testing.T) {
			for _, key := range []string{a.key, a.mustKey(t, a.company.ID, "customers:write")} {
				first, last := a.create(t, a.key, customersPath, newPersonCustomer), a.create(t, a.key, customersPath, foreignCustomer)
				ids := []string{last, blocked, theirs, first, unknown}
				want := map[string]any{"total": json.Number("5"), "successful": json.Number("2"), "failed": json.Number("3"), "deactivated_ids": []any{last, first}}
				errs := []any{}
				for _, id := range []string{blocked, theirs, unknown} {
					single := mustParse(t, string(a.call(t, key, del, customersPath+"/"+id, "").body))
					errs = append(errs, map[string]any{"customer_id": id, "error": single["error"]})
				}
				want["errors"] = errs
				got := mustData(t, a.call(t, key, del, bulkPath+"?ids="+strings.Join(ids, "%2C"), ""))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := a.call(t, a.key, get, customersPath+"/"+first, ""); got.status != http.StatusNotFound {
					t.Errorf("a deactivated customer: status %d", got.status)
				}
			}
		})

		t.Run("ids that cannot be read refuse all, by their positions", func(t *testing.T) {
			id := a.create(t, a.key, customersPath, newPersonCustomer)
			other := uuid.NewString()
			many := make([]string, 201)
			for i := range many {
				many[i] = uuid.NewString()
			}
			for ids, want := range map[string]string{
				id + ",nope": "item 2 must be a UUID",
				id + "," + strings.ReplaceAll(other, "-", ""): "item 2 must be a UUID",
				id + ",{" + other + "}":                       "item 2 must be a UUID",
				id + ",":                                      "item 2 must be a UUID",
				"," + id:                                      "item 1 must be a UUID",
				id + ",%20" + other:                           "item 2 must be a UUID",
				id + "," + other + "," + id:                   "item 3 must not be that of item 1",
				id + "," + strings.ToUpper(id):                "item 2 must not be that of item 1",
				"":                                            "must have at least 1 character",
				strings.Join(many, ","):                       "must have at most 7399 characters",
			} {
				got := a.call(t, a.key, del, bulkPath+"?ids="+ids, "")
				if got.status != http.StatusBadRequest || got.Error.Code != "VALIDATION_ERROR" || got.Error.Details["ids"] != want {
					t.Errorf("%.90s: status %d: %.300s", ids, got.status, got.body)
				}
			}
			if got := a.call(t, a.key, del, bulkPath, ""); got.status != http.StatusBadRequest || got.Error.Details["ids"] != "is required" {
				t.Errorf("without ids: status %d: %s", got.status, got.body)
			}
			if got := a.call(t, a.key, get, customersPath+"/"+id, ""); got.status != http.StatusOK {
				t.Errorf("a refused request has deactivated a customer: status %d", got.status)
			}
			got := mustData(t, a.call(t, a.key, del, bulkPath+"?ids="+strings.Join(many[:200], ","), ""))
			if got["failed"] != json.Number("200") {
				t.Errorf("200 ids: %v", got["failed"])
			}
		})
	})
}

func TestAFailureAmongManyIsReportedWhereTheRestIsDone(t *testing.T) {
	a := mustSQLiteAPI(t)
	broken := a.create(t, a.key, customersPath, fullCustomer)
	a.mustExec(t, `CREATE TRIGGER broken BEFORE UPDATE ON customers WHEN OLD.id = '`+broken+`' BEGIN SELECT RAISE(ABORT, 'the cause'); END`)
	if got := a.call(t, a.key, del, bulkPath+"?ids="+broken, ""); got.status != http.StatusInternalServerError {
		t.Errorf("with nothing done: status %d: %s", got.status, got.body)
	}
	first, last := a.create(t, a.key, customersPath, newPersonCustomer), a.create(t, a.key, customersPath, foreignCustomer)
	a.log.take()
	got := a.call(t, a.key, del, bulkPath+"?ids="+first+","+broken+","+last, "")
	want := map[string]any{
		"total": json.Number("3"), "successful": json.Number("2"), "failed": json.Number("1"), "deactivated_ids": []any{first, last},
		"errors": []any{map[string]any{"customer_id": broken, "error": map[string]any{"code": "INTERNAL_ERROR", "message": "Internal server error"}}},
	}
	if diff := cmp.Diff(want, mustData(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if log := a.log.take(); strings.Count(log, "the cause") != 1 || !strings.Contains(log, got.Meta.RequestID) {
		t.Errorf("the cause is not logged once:\n%s", log)
	}
}
