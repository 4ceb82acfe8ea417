package schemaregistry

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// serve answers everything alike.
func serve(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAnswersThatAreNoSchemas(t *testing.T) {
	const secret = "hunter2secret"
	for _, tc := range []struct {
		status   int
		body     string
		class    fault.Class
		notFound bool
		text     string
	}{
		{404, `{"error_code":40403,"message":"Schema 5 not found"}`, fault.Input, true, "Schema 5 not found"},
		{404, `{"error_code":40401,"message":"x"}`, fault.Input, true, "40401"},
		{404, `{"error_code":404,"message":"HTTP 404 Not Found"}`, fault.Input, false, "no schema registry"},
		{404, `<html>nothing here</html>`, fault.Input, false, "no schema registry"},
		{401, `{"error_code":40101,"message":"token hunter2secret is wrong"}`, fault.Input, false, "token *** is wrong"},
		{403, ``, fault.Input, false, "refuses the credentials (403 Forbidden)"},
		{400, "hunter2secret", fault.Input, false, "400 Bad Request"},
		{409, `{"error_code":409,"message":"a\u001b[31m` + strings.Repeat("y", 5000) + `"}`, fault.Input, false, "not compatible"},
		{422, `{"error_code":42201,"message":"Invalid schema"}`, fault.Input, false, "Invalid schema"},
		{301, "", fault.Input, false, "301"},
		{200, `<html>log in</html>`, fault.Environment, false, "not that of a schema registry"},
		{200, ``, fault.Environment, false, "not that of a schema registry"},
		{200, `{}`, fault.Environment, false, "not that of a schema registry"},
		{200, `{"schema":5}`, fault.Environment, false, "not that of a schema registry"},
		{200, `{"schema":"{}","schemaType":"XML"}`, fault.Environment, false, "not that of a schema registry"},
		{200, strings.Repeat(" ", mostAnswer+1), fault.Environment, false, "larger than 8 MiB"},
		{500, strings.Repeat(" ", mostAnswer+1), fault.Environment, false, "larger than 8 MiB"},
	} {
		c := client(t, Config{URL: serve(t, tc.status, tc.body).URL, Token: secret})
		_, err := c.ByID(t.Context(), 5)
		if wantErr(t, err, tc.class, tc.text, "schema id 5", "http://127.0.0.1"); errors.Is(err, ErrNotFound) != tc.notFound {
			t.Errorf("%d %.40s: not found: %v", tc.status, tc.body, !tc.notFound)
		}
		if err == nil || strings.Contains(err.Error(), secret) || len(err.Error()) > 800 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%d %.40s: %v", tc.status, tc.body, err)
		}
	}
}

// An answer just within the bound is taken.
func TestTheLargestAnswer(t *testing.T) {
	body := `{"schema":"` + strings.Repeat("x", mostAnswer-len(`{"schema":""}`)) + `"}`
	s, err := client(t, Config{URL: serve(t, 200, body).URL}).ByID(t.Context(), 1)
	if err != nil || len(s.Text) != mostAnswer-13 {
		t.Errorf("%d bytes, %v", len(s.Text), err)
	}
}

// script is a transport that gives one answer after the other, the last one again and again.
type script struct {
	mu      sync.Mutex
	answers []func(*http.Request) (*http.Response, error)
	asked   int
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	answer := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	s.mu.Unlock()
	return answer(req)
}

func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: req, Header: http.Header{}}, nil
	}
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// breaks begins an answer and does not end it.
func breaks(req *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"sch`), errReader{})
	return &http.Response{StatusCode: 200, Body: io.NopCloser(body), Request: req, Header: http.Header{}}, nil
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func scripted(t *testing.T, answers ...func(*http.Request) (*http.Response, error)) (*Client, *script) {
	t.Helper()
	c := Config{URL: "http://registry:8081"}
	u, err := c.check()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{answers: answers}
	cl, err := newClient(c, u, s)
	if err != nil {
		t.Fatal(err)
	}
	return cl, s
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	good := says(200, `{"schema":"{}","schemaType":"JSON"}`)
	for name, trouble := range map[string]func(*http.Request) (*http.Response, error){
		"500": says(500, `{"error_code":50001,"message":"store"}`), "503": says(503, "x"), "429": says(429, ""),
		"refused": fails(errors.New("connection refused")), "slow": hangs, "broken off": breaks,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, trouble, trouble, good)
				if got, err := c.ByID(t.Context(), 1); err != nil || got.Text != "{}" || s.asked != 3 {
					t.Errorf("%+v, %v after %d requests", got, err, s.asked)
				}
				began := time.Now()
				c, _ = scripted(t, trouble)
				_, err := c.ByID(t.Context(), 1)
				wantErr(t, err, fault.Environment, "http://registry:8081")
				if took := time.Since(began); took > DefaultTimeout || took < DefaultTimeout/2 {
					t.Errorf("gave up after %v", took)
				}
				if errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
			})
		})
	}
}

func TestAnEndedContextEndsTheTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, trouble := range []func(*http.Request) (*http.Response, error){hangs, says(500, "")} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			c, _ := scripted(t, trouble)
			began := time.Now()
			_, err := c.ByID(ctx, 1)
			if wantErr(t, err, fault.Environment, "schema id 1"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			cancel()
		}
	})
}

// TestReferencesHaveOneTimeout has a schema whose references refer to others, without an end, and a registry that takes a second for each.
func TestReferencesHaveOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
			n, err := strconv.Atoi(strings.Split(req.URL.Path, "/")[2])
			if err != nil {
				t.Error(err)
			}
			return says(200, fmt.Sprintf(`{"id":1,"schema":"{}","schemaType":"JSON","references":[{"name":"%[1]d","subject":"%[1]d","version":1}]}`, n+1))(req)
		}
		c, _ := scripted(t, slow)
		first := Schema{References: []Reference{{Name: "0", Subject: "0", Version: 1}}}
		began := time.Now()
		_, err := c.References(t.Context(), first)
		if wantErr(t, err, fault.Environment, "registry.timeout"); time.Since(began) != DefaultTimeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, _ = scripted(t, slow)
		began = time.Now()
		_, err = c.References(ctx, first)
		if wantErr(t, err, fault.Environment, "reference"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestSchemasAreAskedForOnceAndMissingOnesNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return says(200, `{"schema":"{}","schemaType":"JSON"}`)(req)
		}
		c, s := scripted(t, slow)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 3 {
					if got, err := c.ByID(t.Context(), 1); err != nil || got.ID != 1 {
						t.Errorf("%+v, %v", got, err)
					}
				}
			})
		}
		if all.Wait(); s.asked != 1 {
			t.Errorf("%d requests", s.asked)
		}
		c, s = scripted(t, says(404, `{"error_code":40403,"message":"no"}`), says(200, `{"schema":"{}","schemaType":"JSON"}`))
		for range 5 {
			if _, err := c.ByID(t.Context(), 1); !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
			time.Sleep(forget / 5)
		}
		if s.asked != 1 {
			t.Errorf("%d requests", s.asked)
		}
		if got, err := c.ByID(t.Context(), 1); err != nil || s.asked != 2 {
			t.Errorf("%+v, %v after %d requests", got, err, s.asked)
		}
	})
}

// What is wrong with the registry is not remembered.
func TestTroubleIsNotRemembered(t *testing.T) {
	c, s := scripted(t, says(403, ""), says(200, `{"schema":"{}","schemaType":"JSON"}`))
	_, err := c.ByID(t.Context(), 1)
	wantErr(t, err, fault.Input, "403")
	if _, err := c.ByID(t.Context(), 1); err != nil || s.asked != 2 {
		t.Errorf("%v after %d requests", err, s.asked)
	}
}

func TestCredentialsStayWithTheRegistry(t *testing.T) {
	var visits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(other.Close)
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasPrefix(req.URL.Path, "/moved/schemas"):
			http.Redirect(w, req, "/new"+strings.TrimPrefix(req.URL.Path, "/moved"), http.StatusPermanentRedirect)
		case strings.HasPrefix(req.URL.Path, "/new/") && req.Header.Get("Authorization") == "Bearer t":
			fmt.Fprint(w, `{"schema":"{}"}`)
		case strings.HasPrefix(req.URL.Path, "/loop"):
			http.Redirect(w, req, req.URL.Path, http.StatusTemporaryRedirect)
		default:
			http.Redirect(w, req, other.URL+"/?secret=1", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(here.Close)
	if _, err := client(t, Config{URL: here.URL + "/moved/", Token: "t"}).ByID(t.Context(), 1); err != nil {
		t.Error(err)
	}
	_, err := client(t, Config{URL: here.URL, Token: "t"}).ByID(t.Context(), 1)
	if wantErr(t, err, fault.Input, "redirects to "+other.URL+", "); visits.Load() != 0 {
		t.Error("the other server was asked")
	}
	_, err = client(t, Config{URL: here.URL, Token: "t"}).Register(t.Context(), "s", Schema{Text: "{}"})
	wantErr(t, err, fault.Input, "redirects to")
	_, err = client(t, Config{URL: here.URL + "/loop", Token: "t"}).ByID(t.Context(), 1)
	wantErr(t, err, fault.Input, "redirects to")
}

func TestCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"schema":"{}"}`) }))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshakes that fail
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	ca, junk := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "junk.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := errors.Join(os.WriteFile(ca, block, 0o600), os.WriteFile(junk, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, Config{URL: s.URL, CAFile: ca}).ByID(t.Context(), 1); err != nil {
		t.Error(err)
	}
	_, err := client(t, Config{URL: s.URL}).ByID(t.Context(), 1)
	wantErr(t, err, fault.Environment, "certificate", "registry.ca_file")
	_, err = client(t, Config{URL: strings.Replace(s.URL, "https", "http", 1)}).ByID(t.Context(), 1)
	wantErr(t, err, fault.Input, "400")
	_, err = client(t, Config{URL: strings.Replace(serve(t, 200, "").URL, "http", "https", 1)}).ByID(t.Context(), 1)
	wantErr(t, err, fault.Input, "not https")
	_, err = New(Config{URL: s.URL, CAFile: junk})
	wantErr(t, err, fault.Input, "no certificate")
	_, err = New(Config{URL: s.URL, CAFile: filepath.Join(dir, "none")})
	wantErr(t, err, fault.Input, "registry.ca_file")
}

func TestUnreachable(t *testing.T) {
	s := serve(t, 200, "")
	u, _ := url.Parse(s.URL)
	s.Close()
	_, err := client(t, Config{URL: s.URL, Timeout: 50 * time.Millisecond}).ByID(t.Context(), 1)
	wantErr(t, err, fault.Environment, "schema registry http://"+u.Host+": schema id 1: dial tcp", "refused")
}

// TestUnknownIDsArePaced: whoever writes records chooses their ids, and how often the registry is asked must not be theirs to choose.
func TestUnknownIDsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, none := says(200, `{"schema":"{}","schemaType":"JSON"}`), says(404, `{"error_code":40403,"message":"none"}`)
		c, s := scripted(t, none)
		ask := func(from, to int) (took time.Duration) {
			began := time.Now()
			for id := from; id < to; id++ {
				_, err := c.ByID(t.Context(), id)
				wantErr(t, err, fault.Input, fmt.Sprint("schema id ", id))
			}
			return time.Since(began)
		}
		if took := ask(0, unknownBurst); took != 0 {
			t.Errorf("the first %d took %v", unknownBurst, took)
		}
		if took := ask(unknownBurst, unknownBurst+200); took < 190*unknownEvery || took > 210*unknownEvery {
			t.Errorf("200 more took %v", took)
		}
		if took, asked := ask(unknownBurst+100, unknownBurst+200), s.asked; took != 0 || asked != unknownBurst+200 {
			t.Errorf("what is known to be missing took %v, with %d requests", took, asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.ByID(ctx, 1<<20); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		time.Sleep(unknownBurst * unknownEvery) // then as many may be asked for at once again
		if took := ask(1<<21, 1<<21+unknownBurst); took != 0 {
			t.Errorf("%d after a while took %v", unknownBurst, took)
		}
		c, _ = scripted(t, good)
		began := time.Now()
		for id := range 3 * unknownBurst {
			if _, err := c.ByID(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("schemas that there are took %v", took)
		}
	})
}
