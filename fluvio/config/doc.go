// Package config reads the profile file that Fluvio's command line writes: which clusters there are, how to reach them and
// which one is in use.
//
//	version = "2.0"
//	current_profile = "local"
//
//	[profile.local]
//	cluster = "local"
//
//	[cluster.local]
//	endpoint = "127.0.0.1:9003"
//	use_spu_local_address = false
//
//	[cluster.local.tls]
//	tls_policy = "verified"      # or "anonymous": no check of the server; or "disabled", as without this table
//	tls_source = "files"         # certs are paths; or "inline": they are PEM text
//
//	[cluster.local.tls.certs]
//	domain = "fluvio.example"    # the SC's name in its certificate; an SPU's has the SPU's name and a dot in front
//	key = "client.key"
//	cert = "client.crt"
//	ca_cert = "ca.crt"
//
// The file is the one that FLV_PROFILE_PATH names, or else .fluvio/config in the home folder. What the file holds beyond this is
// left alone. The format is that of fluvio/src/config/{config,cluster,tls}.rs.
package config
