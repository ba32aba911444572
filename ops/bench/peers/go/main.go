// W1 and W4 with Go's net/http and pgx v4.
//
// PEER_FORM chooses how W4 speaks to PostgreSQL:
//
//	batch        tenant setting and read in one pgx batch: one Sync, one implicit transaction, one round trip (the best form)
//	bracketed    the same batch between BEGIN and COMMIT
//	transaction  BEGIN, tenant setting, read, COMMIT as separate round trips (the form most programs have)
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

// agent is the answer; its fields are the columns of sql/w4.sql, in order.
type agent struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	State       string          `json:"state"`
	Version     int32           `json:"version"`
	Blueprint   json.RawMessage `json:"blueprint"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
	Revision    int32           `json:"revision"`
}

type reader struct {
	pool       *pgxpool.Pool
	tenants    map[[32]byte]string // SHA-256 of a key to its tenant: the cache of an authenticated request
	scope      string
	read       string
	parameters []string
	form       string
}

func (r *reader) arguments(tenant, id string) []interface{} {
	values := make([]interface{}, len(r.parameters))
	for i, name := range r.parameters {
		if name == "tenant" {
			values[i] = tenant
		} else {
			values[i] = id
		}
	}
	return values
}

func scan(row pgx.Row) (*agent, error) {
	var a agent
	var id pgtype.UUID
	var body pgtype.JSONB
	err := row.Scan(&id, &a.Name, &a.Description, &a.State, &a.Version, &body, &a.CreatedAt, &a.UpdatedAt, &a.Revision)
	if err != nil {
		return nil, err
	}
	if err := id.AssignTo(&a.ID); err != nil {
		return nil, err
	}
	a.Blueprint = body.Bytes
	return &a, nil
}

func (r *reader) batched(ctx context.Context, tenant, id string) (*agent, error) {
	batch := &pgx.Batch{}
	if r.form == "bracketed" {
		batch.Queue("begin")
	}
	batch.Queue(r.scope, tenant)
	batch.Queue(r.read, r.arguments(tenant, id)...)
	if r.form == "bracketed" {
		batch.Queue("commit")
	}
	results := r.pool.SendBatch(ctx, batch)
	defer results.Close()
	if r.form == "bracketed" {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	if _, err := results.Exec(); err != nil {
		return nil, err
	}
	return scan(results.QueryRow())
}

func (r *reader) transacted(ctx context.Context, tenant, id string) (*agent, error) {
	tx, err := r.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, r.scope, tenant); err != nil {
		return nil, err
	}
	found, err := scan(tx.QueryRow(ctx, r.read, r.arguments(tenant, id)...))
	if err != nil {
		return nil, err
	}
	return found, tx.Commit(ctx)
}

func (r *reader) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	authorization := request.Header.Get("Authorization")
	key := strings.TrimPrefix(authorization, "Bearer ")
	tenant, known := r.tenants[sha256.Sum256([]byte(key))]
	if key == authorization || !known {
		http.Error(w, `{"code":"unauthenticated"}`, http.StatusUnauthorized)
		return
	}
	id := request.URL.Path[len("/v1/agents/"):]
	var found *agent
	var err error
	if r.form == "transaction" {
		found, err = r.transacted(request.Context(), tenant, id)
	} else {
		found, err = r.batched(request.Context(), tenant, id)
	}
	if err == pgx.ErrNoRows {
		http.Error(w, `{"code":"not_found"}`, http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, `{"code":"internal"}`, http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(found)
	if err != nil {
		http.Error(w, `{"code":"internal"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func openReader() *reader {
	configuration, err := pgxpool.ParseConfig(os.Getenv("PEER_DATABASE"))
	if err != nil {
		log.Fatal(err)
	}
	pool, err := pgxpool.ConnectConfig(context.Background(), configuration)
	if err != nil {
		log.Fatal(err)
	}
	digest, err := hex.DecodeString(os.Getenv("PEER_KEY_SHA256"))
	if err != nil || len(digest) != 32 {
		log.Fatal("PEER_KEY_SHA256 is not a SHA-256 in hexadecimal")
	}
	return &reader{
		pool:       pool,
		tenants:    map[[32]byte]string{*(*[32]byte)(digest): os.Getenv("PEER_TENANT")},
		scope:      os.Getenv("PEER_SCOPE_SQL"),
		read:       os.Getenv("PEER_READ_SQL"),
		parameters: strings.Split(os.Getenv("PEER_READ_PARAMETERS"), ","),
		form:       os.Getenv("PEER_FORM"),
	}
}

func main() {
	health := []byte(os.Getenv("PEER_HEALTH_BODY"))
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(health)
	})
	if os.Getenv("PEER_DATABASE") != "" {
		mux.Handle("/v1/agents/", openReader())
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PEER_PORT"), mux))
}
