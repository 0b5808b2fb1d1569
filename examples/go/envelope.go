package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

var (
	errInvalid     = errors.New("the envelope was changed, cut off, or is of another place")
	errUnsupported = errors.New("the version of the format is unknown")
)

// openEnvelope opens an envelope of @keystead/client, as docs/envelope-format.md specifies it. unwrap has Keystead decrypt a
// wrapped data key, and gets the ID of the key in the header.
func openEnvelope(envelope []byte, unwrap func(keyID string, wrapped []byte) ([]byte, error), aad []byte) ([]byte, error) {
	rest := envelope
	take := func(length int) []byte {
		if length > len(rest) {
			rest = nil
			return make([]byte, length) // All zeros: refused below.
		}
		taken := rest[:length]
		rest = rest[length:]
		return taken
	}
	start := take(7)
	exponent, idLength := start[5], int(start[6])
	if string(start[:3]) != "KSE" {
		return nil, errInvalid
	}
	if start[3] != 1 || start[4] != 1 {
		return nil, errUnsupported
	}
	if exponent < 10 || exponent > 24 || idLength < 1 || idLength > 64 {
		return nil, errInvalid
	}
	keyID := string(take(idLength))
	wrapped := take(int(take(1)[0]))
	salt := take(16)
	if rest == nil || len(wrapped) == 0 {
		return nil, errInvalid
	}
	header := envelope[:len(envelope)-len(rest)]

	dataKey, err := unwrap(keyID, wrapped)
	if err != nil {
		return nil, err
	}
	if len(dataKey) != 32 {
		return nil, errInvalid
	}
	contentKey, err := hkdf.Key(sha256.New, dataKey, salt, "keystead envelope v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(contentKey)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	bound := append(append([]byte{}, header...), aad...)
	content := []byte{}
	for index := uint64(0); ; index++ {
		piece := take(min(1<<exponent+gcm.Overhead(), len(rest)))
		isLast := len(rest) == 0
		if len(piece) < gcm.Overhead() || (len(piece) == gcm.Overhead() && index > 0) {
			return nil, errInvalid
		}
		nonce := make([]byte, 12)
		binary.BigEndian.PutUint64(nonce[3:11], index)
		if isLast {
			nonce[11] = 1
		}
		if content, err = gcm.Open(content, nonce, piece, bound); err != nil {
			return nil, errInvalid
		}
		if isLast {
			return content, nil
		}
	}
}
