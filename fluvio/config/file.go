package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// PathVariable names the environment variable that holds the path of the profile file.
const PathVariable = "FLV_PROFILE_PATH"

// maxFile is the largest profile file that is read, in bytes. Certificates may be inline.
const maxFile = 4 << 20

// What can be wrong with the profile file. Errors wrap one of these and say where and what to do.
var (
	ErrNoFile          = errors.New("no profile file")
	ErrInvalid         = errors.New("invalid profile file")
	ErrNoActiveProfile = errors.New("no active profile")
	ErrUnknownProfile  = errors.New("unknown profile")
	ErrUnknownCluster  = errors.New("unknown cluster")
	ErrNoEndpoint      = errors.New("cluster without endpoint")
	ErrTLS             = errors.New("unusable TLS settings")
)

// File is a profile file that was read.
type File struct {
	path    string
	content content
}

// content is the part of the file that matters to a client.
type content struct {
	CurrentProfile string             `toml:"current_profile"`
	Profile        map[string]profile `toml:"profile"`
	Cluster        map[string]cluster `toml:"cluster"`
}

type profile struct {
	Cluster string `toml:"cluster"`
}

type cluster struct {
	Endpoint           string  `toml:"endpoint"`
	Addr               string  `toml:"addr"` // an older name of endpoint
	UseSPULocalAddress bool    `toml:"use_spu_local_address"`
	TLS                tlsSpec `toml:"tls"`
}

// Path is where the profile file is expected: what FLV_PROFILE_PATH says, or else .fluvio/config in the home folder. The error
// says that there is no home folder.
func Path() (string, error) {
	if path := os.Getenv(PathVariable); path != "" {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w; set %s to its path", ErrNoFile, err, PathVariable)
	}
	return filepath.Join(home, ".fluvio", "config"), nil
}

// Load reads the profile file at Path.
func Load() (*File, error) {
	path, err := Path()
	if err != nil {
		return nil, err
	}
	return Read(path)
}

// Read reads the profile file at path, of at most 4 MiB. It wraps ErrNoFile where there is none and ErrInvalid where it can't be read.
func Read(path string) (*File, error) {
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s: name the cluster's endpoint, or set %s to the path of a profile file", ErrNoFile, path, PathVariable)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	f := &File{path: path}
	if err := toml.Unmarshal(data, &f.content); err != nil {
		return nil, fmt.Errorf("%w: %s%s: %w", ErrInvalid, path, position(err), err)
	}
	return f, nil
}

// readFile reads a file unless it is too large to be a profile file.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that a profile file may have", path, info.Size(), maxFile)
	}
	return os.ReadFile(path)
}

// position is ":line:column" where the parser knows it.
func position(err error) string {
	var at *toml.DecodeError
	if !errors.As(err, &at) {
		return ""
	}
	line, column := at.Position()
	return fmt.Sprintf(":%d:%d", line, column)
}
