"""PayBridge: send money to people in Matrix rooms."""
