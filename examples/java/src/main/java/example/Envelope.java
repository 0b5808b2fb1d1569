package example;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Opens envelopes of @keystead/client, as docs/envelope-format.md specifies them. */
final class Envelope {
  private static final int TAG_BYTES = 16;

  /** The bytes are no envelope that this class reads, or not as they were written. */
  static final class Invalid extends Exception {
    Invalid(String message) {
      super(message);
    }
  }

  /** Has Keystead decrypt a wrapped data key. The ID of the key is that of the header. */
  interface Unwrapping {
    byte[] unwrap(String keyId, byte[] wrapped) throws Exception;
  }

  private Envelope() {}

  static byte[] open(byte[] envelope, byte[] additionalAuthenticatedData, Unwrapping keystead) throws Exception {
    var rest = ByteBuffer.wrap(envelope);
    try {
      if (!new String(take(rest, 3), StandardCharsets.ISO_8859_1).equals("KSE")) throw new Invalid("no envelope");
      if (rest.get() != 1 || rest.get() != 1) throw new Invalid("the version of the format is unknown");
      int exponent = rest.get();
      int idBytes = rest.get();
      if (exponent < 10 || exponent > 24 || idBytes < 1 || idBytes > 64) throw new Invalid("the header is wrong");
      var keyId = new String(take(rest, idBytes), StandardCharsets.US_ASCII);
      byte[] wrapped = take(rest, Byte.toUnsignedInt(rest.get()));
      byte[] salt = take(rest, 16);
      int headerBytes = rest.position();

      byte[] dataKey = keystead.unwrap(keyId, wrapped);
      if (dataKey.length != 32) throw new Invalid("the data key does not have 32 bytes");
      var key = new SecretKeySpec(contentKey(dataKey, salt), "AES");
      var content = new ByteArrayOutputStream(envelope.length);
      for (long index = 0; index == 0 || rest.hasRemaining(); index++) {
        byte[] piece = take(rest, Math.min((1 << exponent) + TAG_BYTES, rest.remaining()));
        if (piece.length < TAG_BYTES || (piece.length == TAG_BYTES && index > 0)) throw new Invalid("cut off");
        byte[] nonce = ByteBuffer.allocate(12).putInt(0).putLong(index << 8).array();
        if (!rest.hasRemaining()) nonce[11] = 1;
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
        cipher.updateAAD(envelope, 0, headerBytes);
        cipher.updateAAD(additionalAuthenticatedData);
        content.write(cipher.doFinal(piece));
      }
      return content.toByteArray();
    } catch (BufferUnderflowException cutOff) {
      throw new Invalid("the envelope is cut off within its header");
    } catch (AEADBadTagException changed) {
      throw new Invalid("the envelope was changed, cut off, or is of another place");
    }
  }

  private static byte[] take(ByteBuffer rest, int length) {
    byte[] taken = new byte[length];
    rest.get(taken);
    return taken;
  }

  /** HKDF (RFC 5869) for a single block, since Java has it from version 25 on. */
  private static byte[] contentKey(byte[] dataKey, byte[] salt) throws GeneralSecurityException {
    byte[] extracted = hmac(salt, dataKey);
    return hmac(extracted, "keystead envelope v1\u0001".getBytes(StandardCharsets.ISO_8859_1));
  }

  private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(message);
  }
}
