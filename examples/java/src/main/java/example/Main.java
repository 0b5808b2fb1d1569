package example;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import keystead.client.client.*;
import keystead.client.types.*;

/** Uses Keystead from Java, with types that the code generator of DGS made: Main [ENVELOPE] */
public final class Main {
  private static final Keystead keystead =
      new Keystead(System.getenv("KEYSTEAD_URL"), System.getenv("KEYSTEAD_TOKEN"));

  public static void main(String[] arguments) throws Exception {
    try {
      encryptAndDecrypt();
      signAndVerify();
      listKeys();
      if (arguments.length > 0) openEnvelope(Path.of(arguments[0]));
    } catch (Keystead.Refused | Envelope.Invalid problem) {
      System.err.println(problem.getMessage());
      System.exit(1);
    }
  }

  private static void encryptAndDecrypt() throws Exception {
    findOrCreate(CreateUserKeyInput.newBuilder().name("java-orders").build());
    var input = EncryptInput.newBuilder()
        .key("java-orders")
        .plaintext(base64("ten pounds of tea".getBytes(StandardCharsets.UTF_8)))
        .context(context("order", "42"))
        .build();
    var projection = new EncryptProjectionRoot<>().__typename();
    projection.onEncryptPayload().ciphertext();
    projection.onForbiddenError().message();
    var query = EncryptGraphQLQuery.newRequest().queryName("Encrypt").inputReference("input").build();
    var sealed = keystead.mutate(query, projection, input, EncryptResult.class, EncryptPayload.class);

    byte[] opened = decrypt(null, sealed.getCiphertext(), context("order", "42"));
    System.out.println("decrypted: " + new String(opened, StandardCharsets.UTF_8));
    try {
      decrypt(null, sealed.getCiphertext(), context("order", "43"));
    } catch (Keystead.Refused refused) {
      if (!(refused.error instanceof InvalidCiphertextError error)) throw refused;
      System.out.println("another context: " + error.getCode());
    }
  }

  private static void signAndVerify() throws Exception {
    findOrCreate(CreateUserKeyInput.newBuilder()
        .name("java-signer").usage(KeyUsage.SIGN_VERIFY).algorithm(KeyAlgorithm.ED25519).build());
    String message = base64("I owe you ten pounds of tea".getBytes(StandardCharsets.UTF_8));
    var projection = new SignProjectionRoot<>().__typename();
    projection.onSignPayload().signature().keyId().versionNumber();
    projection.onForbiddenError().message();
    var query = SignGraphQLQuery.newRequest().queryName("Sign").inputReference("input").build();
    var input = SignInput.newBuilder().key("java-signer").message(message).build();
    var signed = keystead.mutate(query, projection, input, SignResult.class, SignPayload.class);

    for (var said : List.of(message, base64("I owe you nothing".getBytes(StandardCharsets.UTF_8)))) {
      var version = KeyVersionRef.newBuilder().key(signed.getKeyId()).number(signed.getVersionNumber()).build();
      var verification = VerifyInput.newBuilder()
          .version(version).message(said).signature(signed.getSignature()).build();
      var verified = new VerifyProjectionRoot<>().__typename();
      verified.onVerifyPayload().valid();
      var verify = VerifyGraphQLQuery.newRequest().queryName("Verify").inputReference("input").build();
      var result = keystead.mutate(verify, verified, verification, VerifyResult.class, VerifyPayload.class);
      System.out.println("valid: " + result.getValid());
    }
  }

  private static void listKeys() throws Exception {
    List<String> names = new ArrayList<>();
    var filter = UserKeyFilter.newBuilder().namePrefix("java-").build();
    var projection = new UserKeysProjectionRoot<>();
    projection.nodes().name();
    projection.pageInfo().hasNextPage().endCursor();
    for (String after = null; ; ) {
      var query = UserKeysGraphQLQuery.newRequest().first(1).after(after).filter(filter).build();
      var page = keystead.ask(query, projection, UserKeyConnection.class);
      page.getNodes().forEach(key -> names.add(key.getName()));
      if (!page.getPageInfo().getHasNextPage()) break;
      after = page.getPageInfo().getEndCursor();
    }
    System.out.println("keys: " + String.join(" ", names));
  }

  private static void openEnvelope(Path file) throws Exception {
    byte[] bound = "records/7".getBytes(StandardCharsets.UTF_8);
    byte[] content = Envelope.open(Files.readAllBytes(file), bound,
        (keyId, wrapped) -> decrypt(keyId, base64(wrapped), context("purpose", "examples")));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
    System.out.println("envelope: " + HexFormat.of().formatHex(digest));
  }

  /** Afterwards the name stands for the key in all calls. */
  private static void findOrCreate(CreateUserKeyInput input) throws Exception {
    var projection = new CreateUserKeyProjectionRoot<>().__typename();
    projection.onCreateUserKeyPayload().userKey().id();
    projection.onForbiddenError().message();
    var query = CreateUserKeyGraphQLQuery.newRequest().queryName("CreateUserKey").inputReference("input").build();
    try {
      keystead.mutate(query, projection, input, CreateUserKeyResult.class, CreateUserKeyPayload.class);
    } catch (Keystead.Refused refused) {
      if (!(refused.error instanceof NameTakenError)) throw refused;
    }
  }

  private static byte[] decrypt(String key, String ciphertext, List<EncryptionContextPairInput> context)
      throws Exception {
    var input = DecryptInput.newBuilder().key(key).ciphertext(ciphertext).context(context).build();
    var projection = new DecryptProjectionRoot<>().__typename();
    projection.onDecryptPayload().plaintext();
    // Enums last: they return a projection of their own.
    projection.onInvalidCiphertextError().message().code();
    projection.onForbiddenError().message();
    var query = DecryptGraphQLQuery.newRequest().queryName("Decrypt").inputReference("input").build();
    var opened = keystead.mutate(query, projection, input, DecryptResult.class, DecryptPayload.class);
    return Base64.getDecoder().decode(opened.getPlaintext());
  }

  private static List<EncryptionContextPairInput> context(String name, String value) {
    return List.of(EncryptionContextPairInput.newBuilder().name(name).value(value).build());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
