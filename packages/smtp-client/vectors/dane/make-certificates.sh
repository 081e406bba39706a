#!/bin/sh
# Makes the certificates of this directory with openssl(1), good from 2020 to 2120, but `expired`.
# Keys are kept only of those that servers in tests have.
set -e
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cat > "$work/ca.cnf" <<CONF
[ca]
default_ca = any
[any]
database = $work/index
new_certs_dir = $work
rand_serial = yes
unique_subject = no
default_md = sha256
policy = names
[names]
commonName = supplied
CONF
: > "$work/index"

# make NAME CN ISSUER EXTENSIONS [END] [DIGEST]
make() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "/CN=$2" -out "$work/$1.csr"
  printf '%b' "$4" > "$work/$1.ext"
  if [ "$3" = itself ]; then issuer="-selfsign -keyfile $work/$1.key"
  else issuer="-cert $3.pem -keyfile $work/$3.key"; fi
  openssl ca -batch -notext -config "$work/ca.cnf" $issuer -in "$work/$1.csr" -out "$1.pem" \
    -startdate 20200101000000Z -enddate "${5:-21200101000000Z}" -md "${6:-sha256}" \
    -extfile "$work/$1.ext" 2> "$work/errors" || { cat "$work/errors"; exit 1; }
}

authority='keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:true'
host='subjectAltName=DNS:mx.dane.test'
make root Root itself "$authority"
make impostor Root itself "$authority"
make intermediate Intermediate root "$authority,pathlen:0"
make server server intermediate "$host"
make expired expired intermediate "$host" 20210101000000Z
make client client intermediate "$host\nextendedKeyUsage=clientAuth"
make weak weak intermediate "$host" 21200101000000Z sha1
make critical critical intermediate "$host\n1.2.3.4=critical,ASN1:NULL"
make below-limit BelowLimit intermediate "$authority"
make too-deep too-deep below-limit "$host"
make no-authority NoAuthority root 'basicConstraints=critical,CA:false'
make under-no-authority under no-authority "$host"
make constrained Constrained root "$authority\nnameConstraints=permitted;DNS:dane.test"
make under-constrained under constrained "$host"
cp "$work/server.key" "$work/expired.key" .
