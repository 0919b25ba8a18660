"""What a person has chosen and is shown, without a widget: store, player, pointer."""
