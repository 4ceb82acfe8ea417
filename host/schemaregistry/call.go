package schemaregistry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weir-stream/weir/internal/backoff"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// call makes a request, and makes it again while it fails for a reason that may pass, all within Config.Timeout. Every
// request is one that may be repeated: registering a schema twice gives the same id.
func (c *Client) call(ctx context.Context, what string, request func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	retry := backoff.New(backoff.Config{Budget: c.config.Timeout, Max: 2 * time.Second})
	var last error
	for {
		err := request(limited)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return c.fail(what, ctx.Err())
		case limited.Err() != nil && last != nil: // cut short: what was wrong before says more
			return c.fail(what, last)
		}
		reason, transient := c.explain(err)
		if last = reason; !transient || retry.Wait(limited) != nil {
			if ctx.Err() != nil {
				reason = ctx.Err()
			}
			return c.fail(what, reason)
		}
	}
}

// fail says where and for what there was an error; the class of err stays.
func (c *Client) fail(what string, err error) error {
	return fmt.Errorf("schema registry %s: %s: %w", c.at, what, err)
}

// explain classes the error of a request and words it, without anything that might hold credentials. A transient one may
// not come again.
func (c *Client) explain(err error) (reason error, transient bool) {
	var answer *sr.ResponseError
	var redirect *redirectError
	var request *url.Error
	var certificate *tls.CertificateVerificationError
	var broken *brokenError
	unanswered := errors.As(err, &request)
	switch {
	case errors.As(err, &answer):
		return c.refusal(answer)
	case errors.As(err, &redirect):
		return fault.InputError(redirect), false
	case errors.Is(err, errAnswerTooLarge):
		return fault.EnvironmentError(errAnswerTooLarge), false
	case errors.As(err, &certificate):
		return fault.Environmentf("%w; if an authority of your own signed it, name its file by the option registry.ca_file", certificate), false
	case errors.Is(err, context.DeadlineExceeded), unanswered && request.Timeout():
		return fault.Environmentf("no answer within %v", min(c.config.Timeout, longestTry)), true
	case errors.Is(err, http.ErrSchemeMismatch):
		return fault.Inputf("it speaks http, not https; set the option registry to an http:// URL"), false
	case unanswered:
		return fault.EnvironmentError(request.Err), true
	case errors.As(err, &broken):
		return fault.Environmentf("the answer broke off: %w", broken), true
	}
	return fault.Environmentf("the answer is not that of a schema registry; check the option registry"), false
}

// refusal is an answer that says no.
func (c *Client) refusal(answer *sr.ResponseError) (reason error, transient bool) {
	said := fmt.Sprintf("%d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	if answer.ErrorCode != 0 {
		said += fmt.Sprintf(", code %d: %s", answer.ErrorCode, c.quote(answer.Message))
	}
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Inputf("it refuses the credentials (%s); check the options registry.user, registry.password and registry.token", said), false
	case status == http.StatusNotFound && sr.IsNotFoundError(answer.ErrorCode):
		return fault.Inputf("%w (%s)", ErrNotFound, said), false
	case status == http.StatusNotFound:
		return fault.Inputf("it answers %s, as if it were no schema registry; check the option registry", said), false
	case status == http.StatusConflict:
		return fault.Inputf("the schema is not compatible with earlier versions (%s)", said), false
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return fault.Environmentf("it answers %s", said), true
	}
	return fault.Inputf("it answers %s", said), false
}

// quote is what the registry says, fit for a message: short, printable, without the secrets that it was sent.
func (c *Client) quote(text string) string {
	const most = 256
	for _, s := range c.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, string(s), hidden)
		}
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return visible.Line(text)
}
