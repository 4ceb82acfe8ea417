package schemaregistry

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// DefaultTimeout is Config.Timeout where that is 0.
const DefaultTimeout = 15 * time.Second

// Secret is a text that does not show when it is printed, logged or marshalled.
type Secret string

const hidden = "***"

// String is what %s, %v and %q show.
func (Secret) String() string { return hidden }

// GoString is what %#v shows.
func (Secret) GoString() string { return hidden }

// MarshalText is what encoders show.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Config says which registry to ask, how, and under which subject schemas stand there.
type Config struct {
	URL      string // http://host:8081, https://host/path; without user, query and fragment
	User     string // basic authentication, with Password; empty: none
	Password Secret
	Token    Secret        // bearer token, in place of User; empty: none
	CAFile   string        // PEM file of the authorities that may have signed the registry's certificate; empty: the system's
	Timeout  time.Duration // for an answer, tries that failed included; 0: DefaultTimeout

	Subject       string   // empty: named by Strategy
	Strategy      Strategy // how subjects are named
	Topic         string   // for the strategies that name subjects by topic
	Register      bool     // whether a writer may register its schema; for the caller
	SchemaID      int      // the schema to use; 0: not given; for the caller
	SchemaVersion int      // the version of the subject to use; 0: the latest; for the caller

	Prefix string // of the options that it is from, "avro.", for messages; empty: it is from none
}

// Strategy is how the subject of a schema is named.
type Strategy uint8

// The strategies; a record's name is the full name that its schema gives it.
const (
	TopicName       Strategy = iota // topic-value
	RecordName                      // record
	TopicRecordName                 // topic-record
)

var strategies = []string{TopicName: "topic_name", RecordName: "record_name", TopicRecordName: "topic_record_name"}

// besideRegistry are the options that are read where there is a registry.
var besideRegistry = []string{
	"registry.user", "registry.password", "registry.token", "registry.ca_file", "registry.timeout",
	"subject", "subject_strategy", "topic", "register", "schema_id", "schema_version",
}

// FromOptions takes the registry's options for a format out of the bag: PREFIX.registry and, where that is given,
// PREFIX.registry.user, .password, .token, .ca_file, .timeout, PREFIX.subject, .subject_strategy, .topic (otherwise the
// table's option topic, which stays in the bag), .register, .schema_id and .schema_version. What is wrong with them the
// bag keeps; secrets do not show there.
func FromOptions(bag *option.Bag, prefix string) (c Config, given bool) {
	prefix += "."
	if _, given = bag.Peek(prefix + "registry"); !given {
		bag.Lookup(prefix + "registry") // so that it is known, should somebody have mistyped it
		for _, key := range besideRegistry {
			bag.Unread(prefix+key, "needs "+option.Show(prefix+"registry"))
		}
		return Config{}, false
	}
	c.Prefix = prefix
	c.authority(bag, prefix+"registry")
	c.CAFile = bag.String(prefix+"registry.ca_file", "")
	if c.Timeout = bag.Duration(prefix+"registry.timeout", DefaultTimeout); c.Timeout == 0 {
		bag.Reject(prefix+"registry.timeout", "a duration of more than 0s")
	}
	c.Subject = bag.String(prefix+"subject", "")
	c.Strategy = Strategy(slices.Index(strategies, bag.Enum(prefix+"subject_strategy", strategies[TopicName], strategies...)))
	topic, _ := bag.Peek("topic")
	c.Topic = bag.String(prefix+"topic", topic.Text)
	c.Register = bag.Bool(prefix+"register", false)
	c.SchemaID = NumberOption(bag, prefix+"schema_id")
	c.SchemaVersion = NumberOption(bag, prefix+"schema_version")
	if c.SchemaID != 0 && c.SchemaVersion != 0 {
		bag.Reject(prefix+"schema_version", "no version beside "+option.Show(prefix+"schema_id")+", which names a schema already")
	}
	return c, true
}

// authority takes the options that say where the registry is and who asks it.
func (c *Config) authority(bag *option.Bag, key string) {
	c.URL = bag.Required(key)
	c.User = bag.String(key+".user", "")
	c.Password, c.Token = secret(bag, key+".password"), secret(bag, key+".token")
	if strings.ContainsAny(c.URL, "@?") { // who writes a URL with a password is told of it, and the password is not shown
		bag.Hide(key)
	}
	if _, err := checkURL(c.URL); err != nil && c.URL != "" && !strings.Contains(c.URL, "@") { // those New refuses, with the reason
		bag.Reject(key, "the URL of a schema registry such as 'http://localhost:8081'")
	}
	switch {
	case c.Token != "" && c.User != "":
		bag.Reject(key+".user", "no user beside "+option.Show(key+".token"))
	case c.Password != "" && c.User == "":
		bag.Required(key + ".user")
	}
}

// secret takes a text without looking at it, since an error would show it.
func secret(bag *option.Bag, key string) Secret {
	v, _ := bag.Lookup(key)
	return Secret(v.Text)
}

// NumberOption takes the id or the version of a schema out of the bag: a number from 1 to 2^31-1; 0 where there is none.
func NumberOption(bag *option.Bag, key string) int {
	if _, set := bag.Peek(key); !set {
		bag.Lookup(key)
		return 0
	}
	n := bag.Int(key, 1)
	if n < 1 || n > math.MaxInt32 {
		bag.Reject(key, "a whole number from 1 to 2147483647")
	}
	return int(n)
}

// Subject is the subject of the schema of values whose record has this name: Config.Subject if that is given. It is empty
// if a topic or a name is missing, which asking for it then says.
func (c *Client) Subject(record string) string {
	topic := c.config.Topic
	switch s := c.config.Strategy; {
	case c.config.Subject != "":
		return c.config.Subject
	case s == RecordName:
		return record
	case topic == "", s == TopicRecordName && record == "":
		return ""
	case s == TopicRecordName:
		return topic + "-" + record
	}
	return topic + "-value"
}

// checkSubject refuses what makes no path of a URL, or another one. prefix is that of the options.
func checkSubject(prefix, subject string) error {
	const most = 1024
	switch {
	case subject == "":
		return fault.Inputf("no subject: set the option %ssubject, or %[1]stopic where the subject is named by topic", prefix)
	case len(subject) > most || subject == "." || subject == ".." || strings.ContainsFunc(subject, unicode.IsControl):
		return fault.Inputf("not the name of a subject: want at most %d bytes without control characters", most)
	}
	return nil
}

// check checks a configuration that may not have come from options.
func (c *Config) check() (*url.URL, error) {
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	u, err := checkURL(c.URL)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"registry.user": c.User, "registry.password": string(c.Password), "registry.token": string(c.Token)} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return nil, fault.Inputf("schema registry: option %s holds a line break or another control character; remove it", name)
		}
	}
	switch {
	case c.Token != "" && c.User != "":
		return nil, fault.Inputf("schema registry: both registry.user and registry.token are set; leave one out")
	case c.Password != "" && c.User == "":
		return nil, fault.Inputf("schema registry: registry.password is set without registry.user")
	case strings.Contains(c.User, ":"):
		return nil, fault.Inputf("schema registry: option registry.user holds a colon, which basic authentication can't express")
	}
	return u, nil
}

// checkURL parses a registry's URL. The error does not hold the text, which may hold a password.
func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	reason := ""
	switch {
	case err != nil:
		reason = "it can't be parsed"
	case u.Scheme != "http" && u.Scheme != "https":
		reason = "it does not begin with http:// or https://"
	case u.Hostname() == "":
		reason = "it has no host"
	case u.User != nil:
		reason = "it holds a user; use the options registry.user and registry.password"
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		reason = "it has a query or a fragment"
	default:
		return u, nil
	}
	return nil, fault.InputError(fmt.Errorf("schema registry: not the URL of one, such as http://localhost:8081: %s", reason))
}
