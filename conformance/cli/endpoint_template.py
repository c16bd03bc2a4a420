"""The commented endpoint file that `mgcc init` writes."""

SCHEMA = "endpoint.schema.json"
"""Written beside it, so that an editor completes and checks."""

TEMPLATE = """\
# yaml-language-server: $schema=endpoint.schema.json
# Endpoint file: what the supplier claims (ICS) and how to reach the product (IXIT). Nothing secret stands here.
# エンドポイントファイル: 供給者の申告（ICS）と接続方法（IXIT）。秘密情報は記載しない。
mgcc: 1

product:                        # identity of the item under test / 試験品目
  name: My MMS
  version: 1.0.0
  supplier: My company
  # serial_number: "0001"
  # image_sha256: 64 hexadecimal digits of the firmware image

regions: [jp]                   # jp, us, eu: whose profile applies / 適用する地域プロファイル
security_level: 2               # IEC 62443 security level aimed at / 目標セキュリティレベル
rated_power_W: 50000            # rated power of the microgrid / 定格出力
plant: simulated                # what controls act on: simulated, or real (needs --allow-physical) / 制御対象の設備
device_kinds: [pv, battery]     # what stands behind the connection points / 接続点の背後の機器種別

lab: lab                        # made by `mgcc pki init lab` / 試験用PKIのフォルダ

connection_points:
  distribution:                 # toward the utility's power control system / 配電系統側
    bindings:
      - protocol: https         # https | modbus (SunSpec over TLS) | tls
        host: 192.0.2.10
        port: 8443
        server_name: mms.example        # name in its certificate / 証明書の名称
        service_check:                  # what "served" means / 「提供された」とみなす応答
          path: /mgcc/v1/state
          status: 200
          body_has: [mms_id]
      # - protocol: modbus
      #   host: 192.0.2.10
      #   port: 802
      #   service_check: {register: 40000, count: 2}
  # aggregation:                # toward the resource aggregator / アグリゲーター側
  #   bindings:
  #     - protocol: tls
  #       host: 192.0.2.10
  #       port: 9443
  #       service_check: {send: "PING\\\\r\\\\n", expect: "^PONG"}

ics:                            # claims; an empty list is an error / 申告。空は誤り
  supports: [PKI, TLS, ZTA, INV, CTL, AUD]      # families or criteria (PKI-02)
  # denies: [CTL-13]            # not implemented: fails where mandatory / 未実装

declared:                       # times and tolerances / 応答時間と許容差
  response_s: 5
  clock_tolerance_s: 2

envelope:                       # controls stay within it / 安全運転範囲
  export_limit_W: [0, 50000]
"""
