// Keys and tokens made by other implementations, for the tests of signatures: the appendices of RFC 7515 and RFC 8037, and `cryptography`
// of Python where those have none. Nothing here is secret.

enum SignatureSamples {
    /// RFC 8037, appendix A.
    static let ed25519Seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    static let ed25519Key = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
    static let ed25519Token =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6"
        + "dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

    /// RFC 7515, appendix A.1: a secret that is shared.
    static let sharedKey =
        #"{"kty":"oct","alg":"HS256","k":""#
        + "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" + #""}"#
    static let sharedToken =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
        + "bS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    /// RFC 7515, appendix A.3: P-256.
    static let p256Key = p256Key(
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
    static let p256Token =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

    static func p256Key(x: String, y: String, more: String = "") -> String {
        #"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)"\#(more)}"#
    }

    static let p384Key =
        #"{"kty":"EC","crv":"P-384","x":""#
        + "QjAx8FHNIFoW9Q7TcWGjvo4exQ_G9Lt4PnEhU0m2vtC0iQSVgRUVqzGqlLxUFNhZ" + #"","y":""#
        + "K5z1tqARSZEHBxXxnKfU-8OKCnbXOfpQGsgN3troTZInXyq_MvdHf2NbWZbvMvkv" + #""}"#
    static let p384Token =
        "eyJhbGciOiJFUzM4NCJ9.c2FtcGxl.vW0ppXjykwV5cxrYRpXkfOhZLc0_Uz_KGxrRbLcsqtLpeP1VNbYmR2rfPsJTdUuZYLDvmX"
        + "sSstiQXFPw1emz8rjWonpN1LaJKRFaISm9VBXR45Itr23h7ZOaBi_2Z19s"

    static let rsaModulus =
        "uUQx1LEch3h8i3ZfxitzMb756CStO8HEdTSopaR7v3wqOt3MF_07Qbhl7fw9H6UPvys6M43LX_1wqu_BvSaa4lvUeNU_sx2ced33"
        + "W3EGQwHQdSSmqM0P_j8FVjNI7aKTnEMS5Mu3F0bGOYcNi-d-Ts-7oHCmTTPnf7DUsLq67G5Rcvj3Z9KuU8mZT-dpVFwxngeN0qXb"
        + "oYQyiilQ1fyBO-B8HUQfttXlQKsn07yVEkUsJNCs_TisOpoEDQ4DKYSeetY7bf-JIJ9-McJCNu6MQKSGDiiM8QT3T0ruUubATZoj"
        + "2rK4F8xlHUeSj2-ZitZHNWVdeY2-sFp2WGZKvq9r8w"
    static let rsaDER =
        "30820122300d06092a864886f70d01010105000382010f003082010a0282010100b94431d4b11c87787c8b765fc62b7331be"
        + "f9e824ad3bc1c47534a8a5a47bbf7c2a3addcc17fd3b41b865edfc3d1fa50fbf2b3a338dcb5ffd70aaefc1bd269ae25bd478"
        + "d53fb31d9c79ddf75b71064301d07524a6a8cd0ffe3f05563348eda2939c4312e4cbb71746c639870d8be77e4ecfbba070a6"
        + "4d33e77fb0d4b0babaec6e5172f8f767d2ae53c9994fe769545c319e078dd2a5dba184328a2950d5fc813be07c1d441fb6d5"
        + "e540ab27d3bc9512452c24d0acfd38ac3a9a040d0e0329849e7ad63b6dff89209f7e31c24236ee8c40a4860e288cf104f74f"
        + "4aee52e6c04d9a23dab2b817cc651d47928f6f998ad64735655d798dbeb05a7658664abeaf6bf30203010001"
    static let rs256Token =
        "eyJhbGciOiJSUzI1NiJ9.c2FtcGxl.YW4v9T7qgjnt4b8dZwbvs36q0hwUjcg0KD6Psq8PuOKqJgie6EnmeFvQRmJkb9exuc6-gm"
        + "uGguCnjJAnVyCXJgIDKOhJsHEPUm5XZ9AUYOS458OXCgDiAlRoXeCV8q4Jnn197f2Z0E5Wx3RJJ9gRCDj31KgX8pHspGXTF12iO3"
        + "z72BzqCAOTTCpP-w4qqEs3jLhbvYdFOcScEaHgA5e8xvlUyCETue1NT8qYyvb8RmTlLYTIl6C9LWey9pOCtAsGwx99qURGkPxX5c"
        + "ZGToPP0ebWjmSqJdd2jRxr9-uaT0pe-M7IoqxKeegw8bvJwjE-JqFuZ2qOJQq8oVIS5sjEEA"
    static let ps256Token =
        "eyJhbGciOiJQUzI1NiJ9.c2FtcGxl.qYRUTS-V4XBkJbGg2ruhdvc18mqn72ZlUfuygksbnLXkEDdiuP40E4_7s-3S0daC8RzWG7"
        + "qEtSPmrsxK82uqnrMCUf-gF__fvLE52dTS67mStIZMNVWovuzQYfqZdBkDVtf-f4CkzzBllKBvnDsEUyOjlErRSakK5KVOtn2eqQ"
        + "sF2o6_GQt35zvdpDva7JmgnC8dcIit3ADegeCSYf7V1fPhhDS4p5TL-pIkGzACL_0Wqv_SFW2meYi0DADSgEI5NlNFiXcnv7rVz5"
        + "1-i6GnZTxAbscXWJOOAXWcuiDTcCt_KVi72hAB8KKS1NxgJzbMeLjKQOLVZpBnnhSu_O5gkQ"
    static let rsaModulusOf1024Bits =
        "sjIuR9Ssou8_deEGSs7_u-fs8ycD6zvezfBCqLgPC5CxwGRslE2GHalENDqkEzPj_S5HmS7q_6BdBJgFwLoIXDx4awBT6SfHsU11"
        + "mSPsiUI0E2FuUfVZHRV-n9PDbqtG22XdWO4Aq59V4NpnlF0xD41dUZKRBm8JV7NUU1EmOpc"

    static func rsaKey(_ modulus: String = rsaModulus, exponent: String = "AQAB", algorithm: String? = "RS256") -> String {
        let algorithm = algorithm.map { #","alg":"\#($0)""# } ?? ""
        return #"{"kty":"RSA","n":"\#(modulus)","e":"\#(exponent)"\#(algorithm)}"#
    }
}
